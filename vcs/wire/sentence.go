package wire

// ServerFailed is what a client is told of a failure that is the server's own, on whatever channel it listens to: what
// failed is for the log.
const ServerFailed = "the server has failed; its administrator finds the reason in the log"
