// Package conditional holds orders until their time has come: stops, take-profits and
// trailing stops until a price lets them go, the legs of a bracket until its entry fills,
// the slices of an iceberg until the one before has filled, and what an order is replaced
// by until the order that it replaces has ended.
//
// A [Group] is the unit: one order, two that cancel one another, or a bracket. It decides
// nothing but from what it is told: prices by See, the venue's word by Fill and OrderDone,
// time by Step. What it relies on:
//
//   - A group trades no more than it was asked for, and its legs together no more than
//     the entry brought. A leg that a price let go is sent only when no other leg has an
//     order at the venue: it is taken back first, and its last word waited for, also when
//     an answer was lost.
//   - What reduces is sized by what its strategy holds at the moment at which it is sent.
//   - An order that was refused is tried again, a few times quickly. Then one that
//     reduces is told of as loudly as can be and goes on being tried; any other has failed.
//   - Everything ends: filled, canceled, expired or failed.
package conditional
