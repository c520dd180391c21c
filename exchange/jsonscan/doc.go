// Package jsonscan reads the JSON of venues in place: what an adapter decodes messages and
// answers with, where encoding/json would allocate, match keys in any case or lose digits.
//
// [Fields] walks over an object or an array by its keys, [Amount] is a number in any of the
// ways in which venues write one, for structs that encoding/json fills. [Scanner] is what
// they stand on.
//
// Market data is read in one pass by a [Shape], which knows what of an object is wanted and
// learns how its venue writes it. What is written otherwise, as no venue does today, is left
// to Fields: a decoder has both, and a fuzz target that compares them.
package jsonscan
