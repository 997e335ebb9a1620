extends "res://tests/support/scenario.gd"
## One process: ClassDB says of each of our classes what it says of the engine's, but for the differences listed in
## [constant LIST] with their reasons.

const Surface = preload("res://tests/support/class_surface.gd")
const LIST: String = "res://tests/support/reflection.json"
## The engine's; ours have [constant ENDING] behind their names.
const CLASSES: Array[String] = ["ENetMultiplayerPeer", "ENetConnection", "ENetPacketPeer"]
const ENDING: String = "Rs"

## What may be compared with what, and in how many pieces.
var _totals: Dictionary = {}
var _aliases: Dictionary = {}


func run() -> void:
	for class_id: String in CLASSES:
		_aliases[class_id + ENDING] = class_id
	var listed: Dictionary = _listed()
	var intended: int = 0
	for class_id: String in CLASSES:
		intended += _compare(class_id, listed.get(class_id, {}))
	for class_id: String in listed:
		check(class_id in CLASSES, "%s of the list is a class of the engine" % class_id)
	print("classes compared: %d" % CLASSES.size())
	for kind: String in Surface.KINDS:
		print("%s compared: %d of the engine's, %d of ours" % [kind, _totals[kind][0], _totals[kind][1]])
	print("intended differences: %d" % intended)


## The two texts of each listed difference, by class and member.
func _listed() -> Dictionary:
	var listed: Dictionary = {}
	var groups: Variant = JSON.parse_string(FileAccess.get_file_as_string(LIST))
	if not check(groups is Array, "%s is a list" % LIST):
		return listed
	for group: Dictionary in groups:
		check(group.get("reason", "") != "", "a listed difference has its reason", str(group))
		for class_id: String in group.differences:
			var of_class: Dictionary = listed.get_or_add(class_id, {})
			for what: String in group.differences[class_id]:
				check(not of_class.has(what), "%s, %s is listed once" % [class_id, what])
				of_class[what] = group.differences[class_id][what]
	return listed


## Answers how many differences are there and listed.
func _compare(class_id: String, listed: Dictionary) -> int:
	var theirs: Surface = Surface.of(class_id)
	var ours: Surface = Surface.of(class_id + ENDING, _aliases)
	for kind: String in Surface.KINDS:
		var total: Array = _totals.get_or_add(kind, [0, 0])
		total[0] += theirs.counts[kind]
		total[1] += ours.counts[kind]
	check(theirs.counts.methods > 0 and ours.counts.methods > 0, "%s has methods to compare" % class_id)
	var found: Dictionary = Surface.differences(theirs.members, ours.members)
	var intended: int = 0
	for what: String in found:
		var expected: Variant = listed.get(what)
		if check_equal(found[what], expected, "%s, %s is as listed" % [class_id, what]):
			intended += 1
	for what: String in listed:
		check(found.has(what), "%s, %s still differs" % [class_id, what], "take it off the list")
	return intended
