package ingest

import (
	"strconv"
	"strings"

	"zhicang/models"
	"zhicang/privacy"
)

// deidentify replaces what is personal in the good rows and puts the originals
// aside for the vault. It comes after all conversions, as free text is also
// searched for the names and numbers that stand in the same row.
func (ck *checker) deidentify(out *checked, n int, faults map[int][]fault) {
	var known []string
	for i := range n {
		if faults[i] != nil {
			continue
		}
		known = known[:0]
		for _, j := range ck.identities {
			v := &out.vectors[j]
			if v.null[i] {
				continue
			}
			original := v.str[i]
			known = append(known, original)
			if !ck.columns[j].PII.Identity() {
				continue
			}
			ck.buf = ck.pseudonym.AppendKey(ck.buf[:0], original)
			v.str[i] = out.texts.add(ck.buf)
			out.secrets = append(out.secrets, privacy.Record{Kind: privacy.KindPerson, Lookup: v.str[i], Value: original})
		}
		ck.veil(out, i, known)
	}
}

// veil masks and scrubs one row. The row's pseudonyms stand in their place by
// now, so that the key under which its originals are kept holds none of them.
func (ck *checker) veil(out *checked, i int, known []string) {
	key := ""
	for _, j := range ck.veiled {
		v, col := &out.vectors[j], &ck.columns[j]
		if v.null[i] {
			continue
		}
		original := v.str[i]
		switch {
		case col.rest:
			v.str[i] = ck.scrubRest(original, known)
		case col.PII == models.Name:
			ck.buf = privacy.AppendMaskName(ck.buf[:0], original)
			v.str[i] = out.texts.add(ck.buf)
		case col.PII == models.Phone:
			ck.buf = privacy.AppendMaskPhone(ck.buf[:0], original)
			v.str[i] = out.texts.add(ck.buf)
		default:
			v.str[i], _ = ck.scrubber.Scrub(original, known...)
		}
		if v.str[i] == original {
			continue
		}
		if key == "" {
			ck.buf = ck.appendRowKey(ck.buf[:0], out, i)
			key = out.texts.add(ck.buf)
		}
		out.secrets = append(out.secrets, privacy.Record{
			Kind: privacy.KindValue, Lookup: key, Table: ck.contract.Table, Column: col.Name, Value: original, Month: ck.monthText(out, i),
		})
	}
}

// monthText is the month that a row lands in, as Month.String has it.
func (ck *checker) monthText(out *checked, i int) string {
	if m := ck.monthOf(out.vectors[ck.partition].i64[i]); m != ck.month || ck.monthName == "" {
		ck.month, ck.monthName = m, m.String()
	}
	return ck.monthName
}

// appendRowKey appends the name of a row in the vault: table/system/key. The
// system belongs to it, as ids are unique within their system alone.
func (ck *checker) appendRowKey(b []byte, out *checked, i int) []byte {
	b = append(b, ck.contract.Table...)
	b = append(b, '/')
	b = append(b, ck.system...)
	for _, j := range ck.key {
		b = append(b, '/')
		v := &out.vectors[j]
		switch {
		case v.null[i]:
		case v.str != nil:
			b = append(b, v.str[i]...)
		case v.i64 != nil:
			b = strconv.AppendInt(b, v.i64[i], 10)
		case v.dec != nil:
			b = append(b, v.dec[i].ToString(int32(ck.columns[j].Type.Scale))...)
		case v.f64 != nil:
			b = strconv.AppendFloat(b, v.f64[i], 'g', -1, 64)
		case v.flag != nil:
			b = strconv.AppendBool(b, v.flag[i])
		}
	}
	return b
}

// texts holds the short texts that are made for a batch, many in one piece of
// memory. What it has given out stays as it is.
type texts struct{ b strings.Builder }

const textsPiece = 64 << 10

func (t *texts) add(text []byte) string {
	if t.b.Cap()-t.b.Len() < len(text) {
		t.b = strings.Builder{}
		t.b.Grow(max(textsPiece, len(text)))
	}
	start := t.b.Len()
	t.b.Write(text)
	return t.b.String()[start:]
}
