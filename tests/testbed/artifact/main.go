// Prints what of a repository Flux reads, by Flux's own code: for each line of JSON on standard input, such as
//
//	{"files": {"a/b.yaml": "", ".sourceignore": "/a\n"}, "links": {"c": "a"}, "ignore": "!/a/b.yaml", "push": {"path": "a", "ignore": ["*.md"]}}
//
// the same with the files that kustomize-controller has in the end ("kept"), by their paths in the repository. "ignore" is `spec.ignore` of the
// source. With "push" the folder is made an artifact as `flux push artifact --path --ignore-paths` does, and the source is an OCIRepository; without
// "ignore" there, what the CLI leaves out by default is.
// What it printed once may be its input.
package main

import (
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/artifact/storage"
	"github.com/fluxcd/pkg/oci"
	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/tar"
)

type push struct {
	Path   string    `json:"path"`
	Ignore *[]string `json:"ignore,omitempty"`
}

type step struct {
	Files  map[string]string `json:"files"`
	Links  map[string]string `json:"links,omitempty"`
	Ignore *string           `json:"ignore,omitempty"`
	Push   *push             `json:"push,omitempty"`
	Kept   []string          `json:"kept"`
	Error  string            `json:"error,omitempty"`
}

func (one *step) run() error {
	work, err := os.MkdirTemp("", "artifact")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	folder := func(name string) (string, error) {
		path := filepath.Join(work, name)
		return path, os.Mkdir(path, 0o755)
	}
	dir, err := folder("tree")
	if err != nil {
		return err
	}
	if err := one.write(dir); err != nil {
		return err
	}
	below := ""
	if one.Push != nil {
		below = one.Push.Path
		// cmd/flux/build_artifact.go
		ignored := append(strings.Split(sourceignore.ExcludeVCS, ","), strings.Split(sourceignore.ExcludeExt, ",")...)
		if one.Push.Ignore != nil {
			ignored = *one.Push.Ignore
		}
		pushed := filepath.Join(work, "pushed.tgz")
		if err := oci.NewClient(nil).Build(pushed, filepath.Join(dir, below), ignored); err != nil {
			return err
		}
		if dir, err = folder("pulled"); err != nil {
			return err
		}
		if err := unpack(pushed, dir); err != nil {
			return err
		}
	}
	// source-controller, `reconcileArtifact` of GitRepository and OCIRepository.
	domain := strings.Split(dir, string(filepath.Separator))
	patterns, err := sourceignore.LoadIgnorePatterns(dir, domain)
	if err != nil {
		return err
	}
	if one.Ignore != nil {
		patterns = append(patterns, sourceignore.ReadPatterns(strings.NewReader(*one.Ignore), domain)...)
	}
	store := storage.Storage{BasePath: work}
	artifact := meta.Artifact{Path: "artifact.tgz"}
	if err := store.Archive(&artifact, dir, storage.SourceIgnoreFilter(patterns, domain)); err != nil {
		return err
	}
	if dir, err = folder("kept"); err != nil {
		return err
	}
	if err := unpack(store.LocalPath(artifact), dir); err != nil {
		return err
	}
	one.Kept = []string{}
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			path, err = filepath.Rel(dir, path)
			one.Kept = append(one.Kept, filepath.Join(below, path))
		}
		return err
	})
	sort.Strings(one.Kept)
	return err
}

func (one *step) write(dir string) error {
	for name, text := range one.Files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for name, target := range one.Links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	return tar.Untar(file, dir, tar.WithMaxUntarSize(-1))
}

func (one *step) reset() {
	one.Kept, one.Error = nil, ""
}

func (one *step) refuse(why string) {
	one.Error = why
}

func main() {
	each[step]()
}
