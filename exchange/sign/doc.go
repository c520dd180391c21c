// Package sign keeps a venue's keys, signs with them, and knows what time it is at the
// venue. What is signed, in which order and encoding, is the venue's dialect and stands in
// its package.
//
// # Assumptions
//
//   - A request is good only for a while around its timestamp. Being ahead of the venue
//     is fatal, being behind costs only some of that window, so [Clock] errs behind.
//   - A secret in a log is a secret lost. [Secret] prints as ••• on every path,
//     and the errors of this package never quote what they could not use.
//
// # Features
//
// [HMAC], [RSA] and [Ed25519] are a [Signer] each; [Key] picks one by what the
// secret looks like, and [Load] reads it from the environment, a private file
// or the credential directory of the service manager. [Verifier] is the server's side.
// [Clock] is pure: every time is passed in. [Timekeeper] asks a venue for them, and keeps
// asking.
package sign
