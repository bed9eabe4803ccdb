package method

import (
	"encoding/json"
	"testing"
)

func TestSettingIsTextWhateverItsType(t *testing.T) {
	for _, row := range []struct {
		value any
		want  string
		fails bool
	}{
		{nil, "", false}, {"on", "on", false}, {true, "true", false}, {json.Number("1e3"), "1e3", false}, {1.5, "1.5", false},
		{[]any{}, "", false}, {[]any{"a", "b"}, "a,b", false},
		{[]any{"a,b"}, "", true}, {[]any{1.5}, "", true}, {map[string]any{}, "", true},
	} {
		if got, err := Setting(row.value, ","); got != row.want || (err != nil) != row.fails {
			t.Errorf("%v is %q, %v; want %q, an error: %t", row.value, got, err, row.want, row.fails)
		}
	}
}
