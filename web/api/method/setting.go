package method

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Setting is the value of a setting out of JSON, where each has a type of its own that no declaration knows, as the command
// line would have it: a text, true or false, a number; a list of texts with between in between. null is "".
func Setting(value any, between string) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case json.Number, float64:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			text, ok := one.(string)
			if !ok || strings.Contains(text, between) {
				return "", fmt.Errorf("a list holds strings without %q", between)
			}
			parts[i] = text
		}
		return strings.Join(parts, between), nil
	}
	return "", errors.New("a setting is a string, a boolean, a number, or a list of strings")
}
