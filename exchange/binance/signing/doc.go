// Package signing writes the venue's signed requests and takes them apart.
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
//     server time - timestamp <= recvWindow.
//
// # Features
//
// [Query] builds and signs a REST query or form body, [Params] a WebSocket API request,
// both without allocating once they have grown. [Cut] is the server's side.
//
// Source of the rules: the request security sections of the venue's spot REST
// and WebSocket API manuals of 2026-07-21 and of its derivatives manuals of
// 2026-05-28; percent-encoding before signing is enforced since 2026-01-15.
package signing
