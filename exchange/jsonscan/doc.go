// Package jsonscan reads the JSON of venues in place: what an adapter decodes messages and
// answers with, where encoding/json would allocate, match keys in any case or lose digits.
//
// [Fields] walks over an object or an array by its keys, [Amount] is a number in any of the
// ways in which venues write one, for structs that encoding/json fills. [Scanner] is what
// they stand on, for a decoder of market data that is to be faster still.
package jsonscan
