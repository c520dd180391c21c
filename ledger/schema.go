package ledger

import (
	"context"
	"regexp"
	"strings"
)

// Relation is a table or a view of a ledger, with what its migrations say of it.
type Relation struct {
	Name    string           `json:"name"`
	View    bool             `json:"view"`
	Doc     string           `json:"doc,omitempty"`
	Columns []RelationColumn `json:"columns"`
}

// RelationColumn is a column of a Relation.
type RelationColumn struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // TEXT, INTEGER, REAL or BLOB; "" of a computed one
	Doc  string `json:"doc,omitempty"`
}

// Relations are the views of a ledger, which people begin with, and then its tables.
func (c *Console) Relations(ctx context.Context) (list []Relation, err error) {
	docs := relationDocs(embedded)
	rows, err := c.db.QueryContext(ctx, `SELECT m.name, m.type = 'view', c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%' ORDER BY m.type DESC, m.rowid, c.cid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Relation
		var col RelationColumn
		if err := rows.Scan(&r.Name, &r.View, &col.Name, &col.Type); err != nil {
			return nil, err
		}
		if n := len(list); n == 0 || list[n-1].Name != r.Name {
			r.Doc = docs[r.Name]
			list = append(list, r)
		}
		last := &list[len(list)-1]
		if col.Doc = docs[r.Name+"."+col.Name]; last.View {
			col.Type = ""
		}
		last.Columns = append(last.Columns, col)
	}
	return list, rows.Err()
}

var (
	createRE = regexp.MustCompile(`^CREATE (?:TABLE|VIEW) (\w+)`)
	columnRE = regexp.MustCompile(`^    (\w+)\s+(?:TEXT|INTEGER|REAL|BLOB)\b.*?,?\s*(?:--\s*(.*))?$`)
	addRE    = regexp.MustCompile(`^ALTER TABLE (\w+) ADD COLUMN (\w+) .*?;\s*(?:--\s*(.*))?$`)
)

// relationDocs reads what migrations say in comments: of a table or view in those right
// before it, of a column in those beside it. The latest word counts; keys are "table" and
// "table.column".
func relationDocs(migrations []string) map[string]string {
	docs := map[string]string{}
	for _, text := range migrations {
		var before []string // comments with nothing but an empty line after them yet
		table, gap := "", false
		for _, line := range strings.Split(text, "\n") {
			comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "--")
			switch m := createRE.FindStringSubmatch(line); {
			case strings.TrimSpace(line) == "":
				gap = true
				continue
			case isComment:
				if gap {
					before = nil
				}
				before, gap = append(before, strings.TrimSpace(comment)), false
				continue
			case m != nil:
				table = m[1]
				keepDoc(docs, table, before)
			default:
				if m := columnRE.FindStringSubmatch(line); m != nil && table != "" {
					keepDoc(docs, table+"."+m[1], append(before, m[2]))
				} else if m := addRE.FindStringSubmatch(line); m != nil {
					keepDoc(docs, m[1]+"."+m[2], append(before, m[3]))
				}
			}
			if strings.HasSuffix(line, ";") {
				table = ""
			}
			before, gap = nil, false
		}
	}
	return docs
}

func keepDoc(docs map[string]string, key string, lines []string) {
	if text := strings.TrimSpace(strings.Join(lines, " ")); text != "" {
		docs[key] = text
	}
}
