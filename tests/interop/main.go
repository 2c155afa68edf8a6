// Checks with other people's code what shared/transparency writes: signed notes and cosignatures, tiles, the proof of an
// entry, the request to a witness. Usage: interop FOLDER, as `cargo run --example published FOLDER` fills it.
package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func require(holds bool, what string) {
	if !holds {
		check(fmt.Errorf("%s", what))
	}
}

// folder reads tiles where an HTTP server would have them.
type folder string

func (f folder) ReadTiles(_ context.Context, tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(f), torchwood.TilePath(tile)))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadEndpoint(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), path))
}

func (f folder) read(name string) string {
	data, err := os.ReadFile(filepath.Join(string(f), name))
	check(err)
	return string(data)
}

func hashes(lines []string) []tlog.Hash {
	var found []tlog.Hash
	for _, line := range lines {
		raw, err := base64.StdEncoding.DecodeString(line)
		check(err)
		found = append(found, tlog.Hash(raw))
	}
	return found
}

func main() {
	require(len(os.Args) == 2, "name the folder")
	f := folder(os.Args[1])

	// The checkpoint: the log's signature and the witness's cosignature, by torchwood and sumdb/note.
	logKey, err := note.NewVerifier(f.read("log.key"))
	check(err)
	// torchwood makes cosignature verifiers of signers alone: of the same seed, and so of the same key if it is written alike.
	seed := bytes.Repeat([]byte{2}, ed25519.SeedSize)
	signer, err := torchwood.NewCosignatureSigner("witness.example/w1", ed25519.NewKeyFromSeed(seed))
	check(err)
	witnessKey := signer.Verifier()
	require(witnessKey.String() == f.read("witness.key"), "the witness's key is written alike")
	opened, err := note.Open([]byte(f.read("checkpoint")), note.VerifierList(logKey, witnessKey))
	check(err)
	require(len(opened.Sigs) == 2 && len(opened.UnverifiedSigs) == 0, "the log and the witness signed")
	for _, signature := range opened.Sigs {
		if signature.Name == witnessKey.Name() {
			at, err := torchwood.CosignatureTimestamp(signature)
			check(err)
			require(at == 1772413200, "the cosignature names its time")
		}
	}
	head, err := torchwood.ParseCheckpoint(opened.Text)
	check(err)
	require(head.Origin == "log.example/three-year" && head.N == 70000, "origin and size")

	// The tiles: any proof made of them holds against the checkpoint's root.
	reader := torchwood.TileHashReaderWithContext(context.Background(), head.Tree, f)
	for _, index := range []int64{0, 255, 256, 4320, 65535, 65536, 69999} {
		proof, err := tlog.ProveRecord(head.N, index, reader)
		check(err)
		leaf := tlog.RecordHash([]byte(fmt.Sprintf("entry %d", index)))
		check(tlog.CheckRecord(proof, head.N, head.Hash, index, leaf))
	}

	// The proof of an entry, taken apart as C2SP tlog-proof says.
	before, checkpoint, found := strings.Cut(f.read("entry.tlog-proof"), "\n\n")
	require(found && checkpoint == f.read("checkpoint"), "the proof ends with the checkpoint")
	lines := strings.Split(before, "\n")
	require(lines[0] == "c2sp.org/tlog-proof@v1", "the proof's first line")
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	check(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	check(err)
	check(tlog.CheckRecord(hashes(lines[3:]), head.N, head.Hash, index, tlog.RecordHash(extra)))

	// The request to a witness: its proof leads from the old head to the new one.
	request, signed, found := strings.Cut(f.read("add-checkpoint"), "\n\n")
	require(found && bytes.HasPrefix([]byte(f.read("checkpoint")), []byte(signed)), "the request ends with the log's note")
	lines = strings.Split(request, "\n")
	old := strings.Fields(f.read("old"))
	require(lines[0] == "old "+old[0], "the request's first line")
	size, err := strconv.ParseInt(old[0], 10, 64)
	check(err)
	root, err := hex.DecodeString(old[1])
	check(err)
	check(tlog.CheckTree(hashes(lines[1:]), head.N, head.Hash, size, tlog.Hash(root)))

	fmt.Println("interop: notes, cosignature, tiles, inclusion and consistency hold for torchwood and sumdb")
}
