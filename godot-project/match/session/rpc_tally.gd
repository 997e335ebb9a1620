class_name RpcTally
extends RefCounted
## Counts the RPCs of one side by lane and by peer.
##
## A lane is a transfer mode and a channel, written "reliable/1". An RPC to three peers is sent
## three times. Not counted are the RPCs that frame a match, on channel 0.

const TRACERS: StringName = &"unreliable/0"
const AIM: StringName = &"unreliable_ordered/3"
const LINKS: StringName = &"unreliable_ordered/4"
const COMBAT: StringName = &"reliable/1"
const CHAT: StringName = &"reliable/2"

const LANES: Array[StringName] = [TRACERS, AIM, LINKS, COMBAT, CHAT]

## What a person calls the RPCs of each lane.
const PURPOSES: Dictionary = {
	TRACERS: "Tracers",
	AIM: "Aim",
	LINKS: "Links",
	COMBAT: "Combat",
	CHAT: "Chat",
}

## Lane to peer id to number of RPCs.
var sent: Dictionary = {}
var received: Dictionary = {}


func _init() -> void:
	for lane: StringName in LANES:
		sent[lane] = {}
		received[lane] = {}


func count_sent(lane: StringName, peer_id: int) -> void:
	sent[lane][peer_id] = count(sent, lane, peer_id) + 1


func count_received(lane: StringName, peer_id: int) -> void:
	received[lane][peer_id] = count(received, lane, peer_id) + 1


static func is_reliable(lane: StringName) -> bool:
	return lane.begins_with("reliable/")


## Reads one number from counts of this form; what is missing there counts as none.
static func count(counts: Dictionary, lane: StringName, peer_id: int) -> int:
	var by_peer: Dictionary = counts.get(lane, {})
	var number: int = by_peer.get(peer_id, 0)
	return number


## All peers of one lane together.
static func total(counts: Dictionary, lane: StringName) -> int:
	var sum: int = 0
	var by_peer: Dictionary = counts.get(lane, {})
	for number: int in by_peer.values():
		sum += number
	return sum
