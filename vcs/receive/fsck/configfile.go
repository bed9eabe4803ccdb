package fsck

import "bytes"

// setting is one line of a file in git's configuration format (git-config, "Configuration file"). Section and key are lower
// case; has is false for a key without an equals sign.
type setting struct {
	section, sub, key, value string
	hasSub, has              bool
}

// settings goes through a file as git's own parser does, which is what the clients of this server will do: every oddity of
// it counts. It calls each for what it finds up to where the file cannot be read, and reports whether all of it can.
func settings(content []byte, each func(setting)) bool {
	p := &configFile{rest: bytes.TrimPrefix(content, []byte("\ufeff"))}
	for {
		c := p.next()
		switch {
		case c == '\n' && p.over:
			return true
		case space(c):
		case c == '#' || c == ';':
			p.comment()
		case c == '[':
			if !p.header() {
				return false
			}
		case letter(c):
			if !p.line(c) {
				return false
			}
			each(p.setting())
		default:
			return false
		}
	}
}

// configFile is how far a file has been read.
type configFile struct {
	rest []byte
	// over says that the file has come to its end: it ends as if by a line's end.
	over bool
	// stem is the section with its subsection behind a dot, name the whole name of the present line; C's programs see both
	// up to their first NUL.
	stem, name, value []byte
	has               bool
}

// next is the next character, where a carriage return before a line's end does not count.
func (p *configFile) next() byte {
	if bytes.HasPrefix(p.rest, []byte("\r\n")) {
		p.rest = p.rest[1:]
	}
	if len(p.rest) == 0 {
		p.over = true
		return '\n'
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *configFile) comment() {
	for p.next() != '\n' {
	}
}

// header reads [section], [section.sub] or [section "sub"], behind the bracket.
func (p *configFile) header() bool {
	p.stem = p.stem[:0]
	for {
		c := p.next()
		switch {
		case p.over:
			return false
		case c == ']' && len(p.stem) > 0:
			p.stem = append(p.stem, '.')
			return true
		case space(c):
			return p.quoted(c)
		case !keyLetter(c) && c != '.':
			return false
		}
		p.stem = append(p.stem, lower(c))
	}
}

// quoted reads a subsection in quotes, behind the first space.
func (p *configFile) quoted(c byte) bool {
	for ; space(c); c = p.next() {
		if c == '\n' {
			return false
		}
	}
	if c != '"' {
		return false
	}
	p.stem = append(p.stem, '.')
	for c = p.next(); c != '"'; c = p.next() {
		if c == '\\' {
			c = p.next()
		}
		if c == '\n' {
			return false
		}
		p.stem = append(p.stem, c)
	}
	p.stem = append(p.stem, '.')
	return p.next() == ']'
}

// line reads a key, whose first letter was read, and its value.
func (p *configFile) line(c byte) bool {
	p.name = append(p.name[:0], p.stem...)
	for ; !p.over && keyLetter(c); c = p.next() {
		p.name = append(p.name, lower(c))
	}
	for c == ' ' || c == '\t' {
		c = p.next()
	}
	p.value, p.has = p.value[:0], c == '='
	switch c {
	case '\n':
		return true
	case '=':
		return p.readValue()
	}
	return false
}

// readValue reads a value to the end of its line: quotes are taken off, spaces around it and comments as well.
func (p *configFile) readValue() bool {
	quote, spaces := false, 0
	for {
		c := p.next()
		switch {
		case c == '\n':
			return !quote
		case space(c) && !quote:
			if len(p.value) > 0 {
				spaces++
			}
			continue
		case !quote && (c == '#' || c == ';'):
			p.comment()
			return true
		}
		for ; spaces > 0; spaces-- {
			p.value = append(p.value, ' ')
		}
		switch c {
		case '"':
			quote = !quote
		case '\\':
			if !p.escaped() {
				return false
			}
		default:
			p.value = append(p.value, c)
		}
	}
}

// escaped reads what stands behind a backslash in a value.
func (p *configFile) escaped() bool {
	c := p.next()
	switch c {
	case '\n':
		return true // the value goes on
	case 't':
		c = '\t'
	case 'b':
		c = '\b'
	case 'n':
		c = '\n'
	case '\\', '"':
	default:
		return false
	}
	p.value = append(p.value, c)
	return true
}

// setting is the present line as git's programs see it.
func (p *configFile) setting() setting {
	name, _, _ := bytes.Cut(p.name, []byte{0})
	value, _, _ := bytes.Cut(p.value, []byte{0})
	s := setting{value: string(value), has: p.has}
	i := bytes.IndexByte(name, '.')
	if i < 0 {
		return s
	}
	j := bytes.LastIndexByte(name, '.')
	s.section, s.key = string(name[:i]), string(name[j+1:])
	if s.hasSub = i < j; s.hasSub {
		s.sub = string(name[i+1 : j])
	}
	return s
}

func space(c byte) bool     { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func letter(c byte) bool    { c = lower(c); return 'a' <= c && c <= 'z' }
func keyLetter(c byte) bool { return letter(c) || '0' <= c && c <= '9' || c == '-' }
