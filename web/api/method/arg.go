package method

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Type is what an argument is written as.
type Type string

// The types, and what of Go they are read into.
const (
	String  Type = "string"  // string
	Name    Type = "name"    // Ref: a name or an id; a string, or an integer
	Integer Type = "integer" // int64: an integer, or a string of its digits
	Boolean Type = "boolean" // bool: true, false, 1, 0, or a string: "true" "false" "True" "False" "1" "0"
	Strings Type = "strings" // []string: a list, or a string that is a list of one
	Object  Type = "object"  // map[string]any
	Any     Type = "any"     // any
)

// Ref is a name or an id, as it came.
type Ref string

// Arg is one argument of a method. It is read from a field's tags:
//
//	Repo    method.Ref `arg:"repoid" doc:"Name or id of the repository."`
//	Private bool       `arg:"private,optional" default:"false" doc:"…"`
//	Desc    *string    `arg:"description,optional" doc:"…"`      // a pointer tells left out (nil) from given
//	Perm    string     `arg:"perm" choices:"a,b" max:"100" alias:"old_name"`
//	Names   []string   `arg:"names" sep:","`                     // a string is taken apart at commas
//
// null counts as left out.
type Arg struct {
	Name string
	// Aliases are names that older scripts use.
	Aliases  []string
	Doc      string
	Type     Type
	Optional bool
	// Default is what a left out one counts as, as text; "" where it is nothing.
	Default string
	// Choices are all that it may be; nil where anything may be.
	Choices []string
	// Max is the greatest value of an integer, else the most bytes of a string; 0 for no bound but the request's.
	Max int64
	// Sep is what separates the elements in a string; "" where a string is one element.
	Sep string
}

// field is an argument, and where of the struct it goes.
type field struct {
	Arg
	index    []int
	pointer  bool
	fallback reflect.Value // of Default; invalid where there is none
}

type fields []field

// compile reads the tags of a struct.
func compile(t reflect.Type) (fields, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("its arguments are %s and no struct", t)
	}
	var list fields
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		arg, err := compileField(f)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		for _, n := range append([]string{arg.Name}, arg.Aliases...) {
			if _, twice := list.find(n); twice {
				return nil, fmt.Errorf("the argument %q is there twice", n)
			}
		}
		list = append(list, arg)
	}
	return list, nil
}

func compileField(f reflect.StructField) (field, error) {
	name, option, _ := strings.Cut(f.Tag.Get("arg"), ",")
	if name == "" || !f.IsExported() || option != "" && option != "optional" {
		return field{}, fmt.Errorf("it has no tag arg:\"name\" or arg:\"name,optional\"")
	}
	a := field{Arg: Arg{Name: name, Doc: f.Tag.Get("doc"), Optional: option != "", Default: f.Tag.Get("default"), Sep: f.Tag.Get("sep")},
		index: f.Index}
	if list := f.Tag.Get("alias"); list != "" {
		a.Aliases = strings.Split(list, ",")
	}
	if list := f.Tag.Get("choices"); list != "" {
		a.Choices = strings.Split(list, ",")
	}
	if text := f.Tag.Get("max"); text != "" {
		var err error
		if a.Max, err = strconv.ParseInt(text, 10, 64); err != nil {
			return field{}, fmt.Errorf("max: %w", err)
		}
	}
	t := f.Type
	if a.pointer = t.Kind() == reflect.Pointer; a.pointer {
		t = t.Elem()
	}
	var ok bool
	if a.Type, ok = typeOf(t); !ok {
		return field{}, fmt.Errorf("no argument is a %s", f.Type)
	}
	return a, a.compileDefault(t)
}

func typeOf(t reflect.Type) (Type, bool) {
	switch t {
	case reflect.TypeFor[string]():
		return String, true
	case reflect.TypeFor[Ref]():
		return Name, true
	case reflect.TypeFor[int64]():
		return Integer, true
	case reflect.TypeFor[bool]():
		return Boolean, true
	case reflect.TypeFor[[]string]():
		return Strings, true
	case reflect.TypeFor[map[string]any]():
		return Object, true
	case reflect.TypeFor[any]():
		return Any, true
	}
	return "", false
}

// compileDefault reads the default as a client's string would be read.
func (a *field) compileDefault(t reflect.Type) error {
	if a.Default == "" {
		return nil
	}
	if !a.Optional || a.pointer {
		return fmt.Errorf("a default never counts where the argument is required, or a pointer")
	}
	v := reflect.New(t).Elem()
	if err := a.read(v, []byte(strconv.Quote(a.Default))); err != nil {
		return fmt.Errorf("default: %w", err)
	}
	a.fallback = v
	return nil
}

// find is the argument with a name, or once called so.
func (l fields) find(name string) (field, bool) {
	for _, f := range l {
		if f.Name == name {
			return f, true
		}
		for _, alias := range f.Aliases {
			if alias == name {
				return f, true
			}
		}
	}
	return field{}, false
}

// text is what an argument says, where it is a string or a name; "" where it was left out.
func (l fields) text(in reflect.Value, name string) string {
	if name == "" {
		return ""
	}
	f, _ := l.find(name)
	v := in.FieldByIndex(f.index)
	if f.pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return v.String()
}
