//go:build !unix

package registry

// private takes the directories of a user's profile for private, as Windows makes them.
func private(string) error { return nil }

func runtimeDirs() []string { return nil }
