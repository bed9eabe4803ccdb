package pack

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
		if n > 8 {
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
		grown := make([]byte, len(dst), int64(len(dst))+size)
		copy(grown, dst)
		dst = grown
	}
	end := int64(len(dst)) + size
	for ops := delta[n:]; len(ops) > 0; {
		op := ops[0]
		ops = ops[1:]
		if op == 0 {
			return dst, corrupt("delta uses the reserved instruction")
		}
		from := ops
		if op&0x80 != 0 {
			var off, length int
			off, length, ops, err = copyRange(op, ops)
			if err != nil {
				return dst, err
			}
			if off > len(base) || length > len(base)-off {
				return dst, corrupt("delta copies from beyond its base")
			}
			from = base[off : off+length]
		} else {
			if int(op) > len(ops) {
				return dst, corrupt("delta is cut off")
			}
			from, ops = ops[:op], ops[op:]
		}
		if int64(len(dst))+int64(len(from)) > end {
			return dst, corrupt("delta makes more than it declares")
		}
		dst = append(dst, from...)
	}
	if int64(len(dst)) != end {
		return dst, corrupt("delta makes less than it declares")
	}
	return dst, nil
}

// copyRange reads the operands of a copy instruction: four bytes of offset and three of length, each there or not.
func copyRange(op byte, ops []byte) (off, length int, rest []byte, err error) {
	for i := range 7 {
		if op>>i&1 == 0 {
			continue
		}
		if len(ops) == 0 {
			return 0, 0, nil, corrupt("delta is cut off")
		}
		if i < 4 {
			off |= int(ops[0]) << (8 * i)
		} else {
			length |= int(ops[0]) << (8 * (i - 4))
		}
		ops = ops[1:]
	}
	if length == 0 {
		length = 0x10000
	}
	return off, length, ops, nil
}
