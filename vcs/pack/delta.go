package pack

import "math/bits"

// maxDeltaSize is how many bytes one of the two sizes takes at most: 63 bits, 7 a byte.
const maxDeltaSize = 9

// DeltaSizes reads the two sizes that a delta begins with, in bytes, and how long they are themselves
// (gitformat-pack, "deltified representation"). Nothing is believed of them until the delta is applied.
func DeltaSizes(delta []byte) (base, result int64, n int, err error) {
	base, n, err = deltaSize(delta)
	if err != nil {
		return 0, 0, 0, err
	}
	result, m, err := deltaSize(delta[n:])
	return base, result, n + m, err
}

func deltaSize(b []byte) (int64, int, error) {
	var size uint64
	for n, c := range b {
		if n == maxDeltaSize {
			break
		}
		size |= uint64(c&0x7f) << (7 * n)
		if c&0x80 == 0 {
			if size > 1<<62 {
				break
			}
			return int64(size), n + 1, nil
		}
	}
	return 0, 0, corrupt("size in a delta is cut off or too large")
}

// ApplyDelta appends the result of delta over base to dst, which must have room for the declared size or is grown to
// it once: whoever calls has compared the declared size with a limit (DeltaSizes). Errors wrap ErrCorrupt.
func ApplyDelta(dst, base, delta []byte) ([]byte, error) {
	baseSize, size, n, err := DeltaSizes(delta)
	if err != nil {
		return dst, err
	}
	if baseSize != int64(len(base)) {
		return dst, corrupt("delta is for a base of %d bytes, its base has %d", baseSize, len(base))
	}
	if room := int64(cap(dst) - len(dst)); room < size {
		if size > atOnce && made(delta[n:]) != size {
			return dst, corrupt("delta makes more or less than it declares")
		}
		grown := make([]byte, len(dst), int64(len(dst))+size)
		copy(grown, dst)
		dst = grown
	}
	from := len(dst)
	dst = dst[:from+int(size)]
	return dst, replay(dst[from:], base, delta[n:])
}

// made is how many bytes the instructions make, or -1 when they are cut off: asked before much memory is taken for what
// a delta merely declares.
func made(ops []byte) (sum int64) {
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		length, used := int(op), int(op)
		if op&0x80 != 0 {
			_, length, used = copyRange(op, ops)
		}
		if used < 0 || used > len(ops) {
			return -1
		}
		ops = ops[used:]
		sum += int64(length)
	}
	return sum
}

// replay carries the instructions of a delta out. They must fill out exactly.
func replay(out, base, ops []byte) error {
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		var part []byte
		switch {
		case op&0x80 != 0:
			off, length, used := copyRange(op, ops)
			if used < 0 {
				return corrupt("delta is cut off")
			}
			ops = ops[used:]
			if off > len(base) || length > len(base)-off {
				return corrupt("delta copies from beyond its base")
			}
			part = base[off : off+length]
		case op == 0:
			return corrupt("delta uses the reserved instruction")
		case int(op) > len(ops):
			return corrupt("delta is cut off")
		default:
			part, ops = ops[:op], ops[op:]
		}
		if len(part) > len(out) {
			return corrupt("delta makes more than it declares")
		}
		copy(out, part)
		out = out[len(part):]
	}
	if len(out) != 0 {
		return corrupt("delta makes less than it declares")
	}
	return nil
}

// copyRange reads the operands of a copy instruction: four bytes of offset and three of length, each there or not. used
// is how many there are, or -1 when they are cut off.
func copyRange(op byte, ops []byte) (off, length, used int) {
	if bits.OnesCount8(op&0x7f) > len(ops) {
		return 0, 0, -1
	}
	for i := range 4 {
		if op>>i&1 != 0 {
			off |= int(ops[used]) << (8 * i)
			used++
		}
	}
	for i := range 3 {
		if op>>(4+i)&1 != 0 {
			length |= int(ops[used]) << (8 * i)
			used++
		}
	}
	if length == 0 {
		length = 0x10000
	}
	return off, length, used
}
