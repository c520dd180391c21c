package report

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"
	"math"
)

// Search is everything the page of a search for parameters shows. Texts are as people read
// them; the page only lays them out.
type Search struct {
	Title       string
	Intro       string
	Verdict     string
	Why         string
	Stands      bool // the verdict is a good one
	Curve       []Sample
	CurveName   string
	Sections    []SearchSection
	Heat        *SearchHeat
	Assumptions []string
	Problems    []string // of the data
	Command     string
}

// SearchSection is a table with its heading. The first column is text, the others numbers
// but for the last Words of them.
type SearchSection struct {
	Title, Note string
	Head        []string
	Rows        [][]string
	Words       int
}

// Number reports whether a column is of numbers.
func (s *SearchSection) Number(column int) bool {
	return column > 0 && column < len(s.Head)-s.Words
}

// SearchHeat is a map of two parameters. Cells have a text and a shade from 0 to 4; an empty
// text is a cell of which nothing is known.
type SearchHeat struct {
	Title  string
	X, Y   string
	Levels []string // across
	Rows   []SearchHeatRow
}

// SearchHeatRow is a line of it.
type SearchHeatRow struct {
	Level string
	Cells []SearchHeatCell
}

// SearchHeatCell is one of its cells.
type SearchHeatCell struct {
	Text  string
	Shade int
}

//go:embed search.html
var searchText string

var searchPage = template.Must(template.Must(page.Clone()).New("search").Parse(searchText))

// WriteSearch renders a search as one HTML file.
func WriteSearch(w io.Writer, s *Search) error {
	view := struct {
		*Search
		Charts []*chart
	}{Search: s}
	look := style{title: s.CurveName, note: "growth of 1", class: "equity", base: math.NaN()}
	if ch := draw(s.Curve, look); ch != nil {
		view.Charts = append(view.Charts, ch)
	}
	buf := bufio.NewWriter(w)
	if err := searchPage.Execute(buf, view); err != nil {
		return err
	}
	return buf.Flush()
}
