// Package sign keeps a venue's keys and signs requests with them.
//
// # Assumptions
//
//   - A signature covers the very bytes that are sent. Nothing here rebuilds a
//     string after signing it, and nothing orders parameters by a map.
//   - REST values are percent-encoded before they are signed: RFC 3986
//     unreserved characters stand for themselves, every other byte of the UTF-8
//     text becomes %XX, and a space is %20. The payload of a WebSocket API
//     request is the opposite: sorted by name, raw UTF-8, nothing encoded.
//   - A request is good only while timestamp < server time + 1 s and
//     server time - timestamp <= recvWindow. Being ahead is fatal, being behind
//     costs only some of the window, so [Clock] errs behind.
//   - A secret in a log is a secret lost. [Secret] prints as ••• on every path,
//     and the errors of this package never quote what they could not use.
//
// # Features
//
// [HMAC], [RSA] and [Ed25519] are a [Signer] each; [Key] picks one by what the
// secret looks like, and [Load] reads it from the environment, a private file
// or the credential directory of the service manager. [Query] builds and signs a
// REST query or form body, [Params] a WebSocket API request, both without
// allocating once they have grown. [Verifier] and [Cut] are the server's side
// of the same rules. [Clock] knows what time it is at the venue; it is pure:
// every time is passed in.
//
// Source of the rules: the request security sections of the venue's spot REST
// and WebSocket API manuals of 2026-07-21 and of its derivatives manuals of
// 2026-05-28; percent-encoding before signing is enforced since 2026-01-15.
package sign
