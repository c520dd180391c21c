package ledger

// Rows of chained tables are written through these, so that what is hashed is what is
// written.

// begin writes a row of the ledger's own numbering and starts its mark: parts add to
// it and end puts it in the link. 0: the row was there already.
func (b *batch) begin(kind byte, s statement, columns ...any) (id int64, err error) {
	res, err := b.exec(s, columns...)
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	b.link.reset(kind)
	for _, v := range columns {
		b.link.sealer.add(v)
	}
	return res.LastInsertId()
}

// part writes a part of the row; columns are those after its id.
func (b *batch) part(s statement, id int64, columns ...any) error {
	for _, v := range columns {
		b.link.sealer.add(v)
	}
	_, err := b.exec(s, append([]any{id}, columns...)...)
	return err
}

func (b *batch) end(kind byte, id int64) {
	b.link.add(&entry{kind: kind, session: b.session, key: id, state: b.link.sum()})
}

// sealed writes a row without parts. key is the row's own name when it has one.
func (b *batch) sealed(kind byte, s statement, key int64, columns ...any) error {
	if kind != kindOrder {
		id, err := b.begin(kind, s, columns...)
		if err == nil && id != 0 {
			b.end(kind, id)
		}
		return err
	}
	res, err := b.exec(s, columns...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // a later state is there
	}
	e := entry{kind: kind, session: b.session, key: key}
	e.intent, e.state = b.link.order(columns)
	b.link.add(&e)
	return nil
}

// closeLink writes the link of the transaction, if it has chained rows.
func (b *batch) closeLink() error {
	if b.link.n == 0 {
		return nil
	}
	b.head = b.head.next(originWrite, b.link.entries)
	_, err := b.exec(insertLink, b.head.n, originWrite, b.link.entries, b.head.hash[:])
	return err
}

func (l *link) clear() { l.entries, l.n = l.entries[:0], 0 }
