class_name MeshRecord
extends RefCounted
## What a peer of a mesh sent, received and saw.

var joined: Array[int] = []
var left: Array[int] = []
## The lines that this peer said, to everybody.
var said: PackedStringArray = []
## Id to the lines that were heard from there.
var heard: Dictionary = {}
## Id to the number of moves.
var moves_sent: Dictionary = {}
var moves_heard: Dictionary = {}
## Id to where the peer ended.
var places: Dictionary = {}
## Id to the round-trip time in milliseconds.
var ping_ms: Dictionary = {}


func hear(id: int, line: String) -> void:
	var lines: PackedStringArray = heard.get(id, PackedStringArray())
	lines.append(line)
	heard[id] = lines


static func add_one(counts: Dictionary, id: int) -> void:
	var number: int = counts.get(id, 0)
	counts[id] = number + 1


func to_dictionary() -> Dictionary:
	return {
		"joined": joined,
		"left": left,
		"said": said,
		"heard": heard,
		"moves_sent": moves_sent,
		"moves_heard": moves_heard,
		"places": places,
		"ping_ms": ping_ms,
	}
