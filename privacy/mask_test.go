package privacy

import "testing"

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		kind string
		mask func(string) string
		in   string
		want string
	}{
		{"name", MaskName, "张三丰", "张**"},
		{"name", MaskName, " 李四 ", "李*"},
		{"name", MaskName, "欧阳锋", "欧阳*"},
		{"name", MaskName, "欧阳", "欧*"},
		{"name", MaskName, "司马小光", "司马**"},
		{"name", MaskName, "王", "*"},
		{"name", MaskName, "", ""},
		{"name", MaskName, "阿依古丽·买买提", "阿*******"},
		{"name", MaskName, "Ann Lee", "A******"},
		{"phone", MaskPhone, "13800001234", "138****1234"},
		{"phone", MaskPhone, "+86 138-0000-1234", "138****1234"},
		{"phone", MaskPhone, "１３８００００１２３４", "138****1234"},
		{"phone", MaskPhone, "0571-87650000", "********0000"},
		{"phone", MaskPhone, "66123", "*****"},
		{"phone", MaskPhone, "", ""},
		{"id", MaskIDCard, "331022199001011234", "3310**********1234"},
		{"id", MaskIDCard, "33102219900101123x", "3310**********123X"},
		{"id", MaskIDCard, "331022600101123", "3310*******1123"},
		{"id", MaskIDCard, "E12345678", "E*******8"},
		{"generic", MaskGeneric, "A00012", "A*****"},
		{"generic", MaskGeneric, "人民路十二号院", "人*****院"},
		{"generic", MaskGeneric, "ab", "**"},
		{"generic", MaskGeneric, "", ""},
	} {
		if got := c.mask(c.in); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.kind, c.in, got, c.want)
		}
	}
}
