package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
)

// fakeSource delivers records that a test made.
type fakeSource struct {
	units []fakeUnit
	reads []string // of every Read: unit@cursor
}

// fakeUnit is one unit and what Read says about it.
type fakeUnit struct {
	Unit
	batches []Batch
	outcome Outcome
	err     error // at the end of the batches
}

func (s *fakeSource) Units(context.Context) ([]Unit, error) {
	units := make([]Unit, len(s.units))
	for i, u := range s.units {
		units[i] = u.Unit
	}
	return units, nil
}

func (s *fakeSource) Read(_ context.Context, u Unit, cursor string, yield func(Batch) error) (Outcome, error) {
	s.reads = append(s.reads, u.Name+"@"+cursor)
	for _, fake := range s.units {
		if fake.Name != u.Name {
			continue
		}
		for _, b := range fake.batches {
			if err := yield(b); err != nil {
				return Outcome{}, err
			}
		}
		return fake.outcome, fake.err
	}
	return Outcome{}, fmt.Errorf("no unit %s", u.Name)
}

// textBatch makes a batch of text columns; an empty cell is null. The rows
// stand from first on.
func textBatch(fields []string, first int64, rows ...[]string) Batch {
	cols := make([]arrow.Array, len(fields))
	schema := make([]arrow.Field, len(fields))
	for j, f := range fields {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, row := range rows {
			if row[j] == "" {
				b.AppendNull()
			} else {
				b.Append(row[j])
			}
		}
		cols[j], schema[j] = b.NewArray(), arrow.Field{Name: f, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return batchOf(schema, cols, first)
}

func batchOf(schema []arrow.Field, cols []arrow.Array, first int64) Batch {
	n := cols[0].Len()
	b := Batch{Record: array.NewRecord(arrow.NewSchema(schema, nil), cols, int64(n)), Rows: make([]int64, n)}
	for i := range b.Rows {
		b.Rows[i] = first + int64(i)
	}
	return b
}

// house is a data folder with everything that a Loader needs.
type house struct {
	*Loader
	log *bytes.Buffer
}

// testNow is the moment at which tests load.
var testNow = time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, contracts map[string]string) *house {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range contracts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	cat, err := models.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := privacy.KeysFromHex(strings.Repeat("1a", 32), strings.Repeat("2b", 32))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	now := func() time.Time { return testNow }
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.db"), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{log: &bytes.Buffer{}}
	h.Loader = &Loader{
		Dir: dir, Ledger: l, Catalog: cat, Regions: region.Embedded(), Keys: keys, Location: loc,
		Now: now, Log: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	return h
}

// idCard makes an identity number with the right check character that cannot
// be anybody's: no region has the code 999999.
func idCard(birth string, seq int) string {
	body := fmt.Sprintf("999999%s%03d", birth, seq)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(body[i]-'0') * w
	}
	return body + string("10X98765432"[sum%11])
}

// messageContract is a table like the one of citizens' messages.
const messageContract = `
table: ods.test_message
title: 留言
grain: one row per message
key: [id]
partition: at
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: person, type: VARCHAR, pii: id_card, as: person_key, title: 身份证号}
  - {name: name, type: VARCHAR, pii: name, title: 姓名}
  - {name: phone, type: VARCHAR, pii: phone, title: 电话}
  - {name: channel, type: VARCHAR, accepted: [网络, 电话], title: 渠道}
  - {name: title, type: VARCHAR, pii: text, title: 主题}
  - {name: body, type: VARCHAR, required: true, pii: text, title: 内容}
  - {name: likes, type: BIGINT, min: 0, title: 点赞数}
  - {name: at, type: TIMESTAMP, required: true, not_after_load: true, title: 时间}
`

var messageFields = []string{"编号", "证件", "姓名", "电话", "渠道", "主题", "内容", "点赞", "时间"}

func messageConfig() Config {
	return Config{Name: "messages", Type: "fake", Table: "ods.test_message", Columns: map[string]string{
		"id": "编号", "person": "证件", "name": "姓名", "phone": "电话", "channel": "渠道",
		"title": "主题", "body": "内容", "likes": "点赞", "at": "时间",
	}}
}

// inFieldOrder puts rows that are written in messageFields' order into the order
// of Config.Fields.
func inFieldOrder(cfg Config, rows [][]string) [][]string {
	at := map[string]int{}
	for i, f := range messageFields {
		at[f] = i
	}
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, f := range cfg.Fields() {
			out[i] = append(out[i], row[at[f]])
		}
	}
	return out
}

// messageBatch makes a batch of messages from rows in messageFields' order.
func messageBatch(first int64, rows ...[]string) Batch {
	cfg := messageConfig()
	return textBatch(cfg.Fields(), first, inFieldOrder(cfg, rows)...)
}

var phrases = []string{
	"小区门口的路灯已经坏了很久", "晚上回家看不清路", "希望有关部门尽快处理", "噪音从早到晚不停",
	"自来水有异味", "公交车等了四十分钟", "老旧小区加装电梯进展缓慢", "河道里漂着垃圾", "请给一个明确的答复",
	"学校门口每天放学都堵得走不动", "物业收了钱却不修屋顶", "夜里的施工一直到两点", "医院挂号要排整个上午",
	"垃圾站的气味飘进了教室", "人行道上停满了车", "村口的桥栏杆断了一截", "养老金的认证老人不会用手机",
}

// inventedMessages makes n rows of messages with about 250 characters of text,
// always the same ones.
func inventedMessages(from, n int) [][]string {
	rng := rand.New(rand.NewPCG(1, uint64(from)))
	rows := make([][]string, n)
	for i := range rows {
		var body strings.Builder
		for range 8 + rng.IntN(24) {
			body.WriteString(phrases[rng.IntN(len(phrases))])
			body.WriteString([]string{"，", "。", "，", "、", "！"}[rng.IntN(5)])
		}
		phone := fmt.Sprintf("199%08d", rng.IntN(1e8))
		name := "赵" + string([]rune("一二三四五六七八九十")[rng.IntN(10)]) + string([]rune("东南西北中")[rng.IntN(5)])
		if i%10 == 0 {
			body.WriteString("我叫" + name + "，电话" + phone + "。")
		}
		rows[i] = []string{
			fmt.Sprintf("M%08d", from+i), idCard(fmt.Sprintf("19%02d0%d1%d", 50+rng.IntN(50), 1+rng.IntN(9), rng.IntN(10)), rng.IntN(1000)),
			name, phone, []string{"网络", "电话"}[rng.IntN(2)],
			phrases[rng.IntN(len(phrases))] + "，" + phrases[rng.IntN(len(phrases))], body.String(),
			fmt.Sprint(rng.IntN(2000)),
			fmt.Sprintf("2024/%d/%d %d:%02d:%02d", 1+(from+i)/4096%12, 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60)),
		}
	}
	return rows
}
