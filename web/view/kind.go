package view

import (
	"bytes"
	"net/http"
	"strings"
)

// sniffed is how much of a file is looked at to find out what it is, in bytes: as much as the WHATWG's standard does
// (MIME Sniffing, "resource header").
const sniffed = 1445

const (
	plainText = "text/plain; charset=utf-8"
	anything  = "application/octet-stream"
)

// contentType is what a file is served as, by its first bytes: pictures that browsers show without acting on anything in
// them, text as text whatever language it is in, and the rest as bytes to be saved. It is never HTML; an SVG picture, which
// could be a program, lies in the sandbox of every answer.
func contentType(name string, head []byte) string {
	kind := http.DetectContentType(head)
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-icon":
		return kind
	case "text/plain; charset=utf-16be", "text/plain; charset=utf-16le":
		return kind
	}
	if !strings.HasPrefix(kind, "text/") {
		return anything
	}
	if strings.HasSuffix(strings.ToLower(name), ".svg") && bytes.Contains(head, []byte("<svg")) {
		return "image/svg+xml"
	}
	return plainText
}
