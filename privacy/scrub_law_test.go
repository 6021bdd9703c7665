package privacy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fragments are what the property tests put together: pieces of sensible text
// and of numbers, marks, separators, and broken UTF-8.
var fragments = []string{
	"我叫", "本人", "姓名：", "联系人", "张", "三", "丰", "欧阳", "于", "，", "。", " ", "\n", "—", "——", "·", "〔", "〕", "〔姓名〕", "〔电话〕",
	"138", "0000", "1234", "13800001234", "86", "+", "0571", "8765", "(", ")", "-", "－", "\u3000", "\u200b", "3310", "331022", "1990", "0101", "X", "x",
	"1", "12", "501", "2021", "号", "号楼", "幢", "单元", "室", "弄", "路", "小区", "月", "浙", "A", "J", "@", "qq.com", "微信", "电话", "身份证号", "卡号", "QQ", "护照",
	"阿依", "古丽", "买买提", "住", "系", "2021-03-05", "年", "日", "三", "五", "零", "\xe6", "\x9d", "\xff", "１３", "８", "０",
	"敬礼", "名叫", "花园", "的", "人", "转", "附", "之", "#",
}

func drawText(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 0, 24).Draw(t, "fragments"), "")
}

func TestScrubIsIdempotent(t *testing.T) {
	s := NewScrubber()
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		known := rapid.SampledFrom([]string{"", "张三", "A1234", "三丰", "12345"}).Draw(t, "known")
		once, _ := s.Scrub(text, known)
		twice, found := s.Scrub(once, known)
		if twice != once || found != (Findings{}) {
			t.Fatalf("text %q\nonce %q\ntwice %q", text, once, twice)
		}
	})
}

func TestScrubLeavesNoNumbers(t *testing.T) {
	s := NewScrubber()
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		clean, _ := s.Scrub(text)
		if leak := numberLeak(clean); leak != "" {
			t.Fatalf("text %q\nclean %q\nleak %q", text, clean, leak)
		}
	})
}

// A text without people in it loses nothing when it stands among masked ones.
func TestScrubKeepsAroundMarks(t *testing.T) {
	s := NewScrubber()
	rapid.Check(t, func(t *rapid.T) {
		keep := rapid.SampledFrom(keepCases).Draw(t, "keep")
		mask := rapid.SampledFrom(maskCases[:40]).Draw(t, "mask")
		got, _ := s.Scrub(keep + "\n\n" + mask.text)
		if want := keep + "\n\n" + mask.want; got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	})
}

func FuzzScrub(f *testing.F) {
	for _, c := range maskCases {
		f.Add(c.text)
	}
	for _, text := range keepCases {
		f.Add(text)
	}
	s := NewScrubber()
	f.Fuzz(func(t *testing.T, text string) {
		clean, _ := s.Scrub(text)
		if leak := numberLeak(clean); leak != "" {
			t.Fatalf("text %q\nclean %q\nleak %q", text, clean, leak)
		}
		if again, _ := s.Scrub(clean); again != clean {
			t.Fatalf("text %q\nclean %q\nagain %q", text, clean, again)
		}
	})
}

var (
	separatorsRE = `[ \-\x{a0}\x{2000}-\x{200d}\x{2010}-\x{2015}\x{2212}\x{3000}\x{ff0d}\x{feff}]{1,3}`
	runRE        = regexp.MustCompile(`[0-9]+(?:` + separatorsRE + `[0-9]+)*`)
	splitRE      = regexp.MustCompile(separatorsRE)
	mobileRE     = regexp.MustCompile(`1[3-9][0-9]{9}`)
	daysRE       = regexp.MustCompile(`^(?:(?:19|20)[0-9]{2}(?: (?:0?[1-9]|1[0-2]) (?:0?[1-9]|[12][0-9]|3[01])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?(?: |$))+$`)
	dayRE        = regexp.MustCompile(`^(?:19|20)[0-9]{2} (?:0?[1-9]|1[0-2]) (?:0?[1-9]|[12][0-9]|3[01]) `)
)

// numberLeak finds, by other means than the Scrubber's, a run of 15 digits or
// more, or a mobile number, in whatever width and with separators.
func numberLeak(text string) string {
	half := strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - 0xFEE0
		}
		return r
	}, text)
	for _, run := range runRE.FindAllString(half, -1) {
		groups := splitRE.Split(run, -1)
		if daysRE.MatchString(strings.Join(groups, " ")) {
			continue
		}
		if len(strings.Join(groups, "")) >= 15 {
			return run
		}
		for a := range groups {
			if mobileRE.MatchString(groups[a]) {
				return run
			}
			for b := a + 1; b <= len(groups); b++ {
				joined := strings.Join(groups[a:b], "")
				if len(joined) == 11 && mobileRE.MatchString(joined) && !dayRE.MatchString(strings.Join(groups[a:b], " ")+" ") {
					return run
				}
			}
		}
	}
	return ""
}

// realistic is a message of about 250 characters with a phone and a name in
// one of five, as in what departments deliver.
func realistic() (texts []string, bytes int64) {
	body := "尊敬的领导您好，我是海润小区的业主，我们小区门口的道路从去年11月开始施工，到现在已经过去了半年多时间，路面坑坑洼洼，一下雨就积水，" +
		"车辆经过的时候泥水四溅，老人和小孩出行非常不方便。我们多次向物业和社区反映，也打过12345热线，得到的答复都是正在协调，但是一直没有看到有人来处理。" +
		"希望有关部门能够重视这个问题，尽快督促施工单位完成路面修复，同时在施工期间做好安全防护措施，设置明显的警示标志，晚上增加照明，" +
		"另外88路公交车的站台也被围挡挡住了，希望能够临时迁移站台，方便大家上下班出行，感谢领导在百忙之中关心老百姓的生活。"
	for i := range 5 {
		text := body
		if i == 4 {
			text = "本人张晓明，住人民路12号3幢501室，" + body + "联系电话：13800001234。"
		}
		texts = append(texts, text)
		bytes += int64(len(text))
	}
	return texts, bytes
}

func BenchmarkScrub(b *testing.B) {
	texts, n := realistic()
	for _, c := range []struct {
		name  string
		texts []string
	}{{"clean", texts[:4]}, {"one in five", texts}, {"dirty", texts[4:]}} {
		b.Run(c.name, func(b *testing.B) {
			s := NewScrubber()
			b.SetBytes(n / 5)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Scrub(c.texts[i%len(c.texts)])
			}
		})
	}
	b.Run("known", func(b *testing.B) {
		s := NewScrubber()
		b.SetBytes(n / 5)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Scrub(texts[i%4], "王小二", "13900005678", "331022199001011234")
		}
	})
}

// TestScrubPublicText measures, on public messages where they are at hand, how
// much is masked: it prints counts and, with -v, the places.
func TestScrubPublicText(t *testing.T) {
	dir := os.Getenv("ZHICANG_PUBLIC_DATA")
	if dir == "" {
		t.Skip("ZHICANG_PUBLIC_DATA names no folder of public messages")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CSV files in %s: %v", dir, err)
	}
	s := NewScrubber()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sum Findings
		for line := range strings.Lines(string(data)) {
			clean, found := s.Scrub(line)
			sum.Add(found)
			if leak := numberLeak(clean); leak != "" {
				t.Errorf("%s: a number of %d bytes is left", filepath.Base(file), len(leak))
			}
		}
		for _, m := range Marks() {
			t.Logf("%s: %s %d", filepath.Base(file), m.Name(), sum.Count(m))
		}
	}
}
