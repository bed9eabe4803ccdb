package filter

// stepsAtOnce is how many steps are paid for at a time: some microseconds of work.
const stepsAtOnce = 4096

// Meter has patterns paid for as they are tried. What one name costs depends on the lengths of all of them times that of the
// path, so whoever writes both decides, and nothing that is counted afterwards bounds it. One goroutine at a time.
type Meter struct {
	pay  func() error
	left int // steps that are paid for
	err  error
}

// NewMeter calls pay before each few thousand comparisons of a character; its error ends the work, and is returned by all
// that is asked with this meter from then on.
func NewMeter(pay func() error) *Meter { return &Meter{pay: pay} }

// step reports whether one more step is paid for.
func (m *Meter) step() bool { return m.steps(1) }

func (m *Meter) steps(n int) bool {
	m.left -= n
	return m.left >= 0 || m.refill()
}

func (m *Meter) refill() bool {
	for m.left < 0 && m.err == nil {
		m.err = m.pay()
		m.left += stepsAtOnce
	}
	if m.err != nil {
		m.left = 0 // the next step comes here too
	}
	return m.err == nil
}
