package report

import (
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// page is parsed once; a mistake in it is a mistake of ours that every test
// meets. The style and the script are ours too, so they pass unescaped; all else
// is escaped for where it stands.
var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(pageStyle) },
	"script": func() template.JS { return template.JS(pageScript) },
	"stamp":  stamp,
}).Parse(pageText))
