extends Node
## What every scenario shares: its arguments, checks that print one line each, and bounded waiting.
##
## A scenario overrides [method run]. It never waits without a limit and never quits by itself.
## Error lines of the engine are counted by the process that started this one, which finds these
## marks among them: between [constant ERRORS_EXPECTED] and [constant ERRORS_OVER] at least one is
## required, after [constant ERRORS_ALLOWED] it may be any number, everywhere else there must be
## none.

const LOCALHOST: String = "127.0.0.1"
## Longest wait for something that takes milliseconds on an idle machine.
const PATIENCE_SECONDS: float = 15.0
## Characters of a value in a failure's line.
const SHOWN_LENGTH: int = 300
const ERRORS_EXPECTED: String = "[errors expected] "
const ERRORS_ALLOWED: String = "[errors allowed] "
const ERRORS_OVER: String = "[errors over]"
## Asks the process that started this one to kill it.
const KILL_REQUEST: String = "[kill this process]"

const DISCONNECTED: int = MultiplayerPeer.CONNECTION_DISCONNECTED
const CONNECTING: int = MultiplayerPeer.CONNECTION_CONNECTING
const CONNECTED: int = MultiplayerPeer.CONNECTION_CONNECTED
const UNRELIABLE: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
const ORDERED: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED
const RELIABLE: int = MultiplayerPeer.TRANSFER_MODE_RELIABLE

var arguments: Dictionary = {}
var passed: int = 0
var failed: int = 0
## Polled by [method until] once a frame. Peers of a [MultiplayerAPI] are polled by the tree and do
## not belong here.
var polled: Array[MultiplayerPeer] = []

## Name of the class under test.
var peer_class: String:
	get:
		return arguments.get("class", "ENetMultiplayerPeer")
## Name of the class on the far side, for scenarios that play both sides.
var other_class: String:
	get:
		return arguments.get("other", peer_class)
var role: String:
	get:
		return arguments.get("role", "")
## Where this run's server listens.
var port: int:
	get:
		return int(arguments.get("port", "0"))
## Whether the class under test is the successor and not the engine's own.
var is_ours: bool:
	get:
		return peer_class.ends_with("Rs")


func run() -> void:
	check(false, "a scenario overrides run()")


## A new peer of the class under test.
func new_peer() -> MultiplayerPeer:
	return ClassDB.instantiate(peer_class)


## A new peer of the class on the far side.
func new_other_peer() -> MultiplayerPeer:
	return ClassDB.instantiate(other_class)


func check(held: bool, what: String, detail: String = "") -> bool:
	if held:
		passed += 1
		print("ok %s" % what)
	else:
		failed += 1
		print("FAIL %s: %s" % [what, detail if detail else "did not hold"])
	return held


func check_equal(got: Variant, expected: Variant, what: String) -> bool:
	var same: bool = typeof(got) == typeof(expected) and got == expected
	return check(same, what, "got %s, expected %s" % [_shown(got), _shown(expected)])


## Checks what [param action] returns. It must print no error.
func answers(what: String, action: Callable, expected: Variant) -> void:
	check_equal(action.call(), expected, what)


## Checks what [param action] returns. It must print at least one error.
func complains(what: String, action: Callable, expected: Variant) -> void:
	check_equal(with_errors(what, action), expected, what)


## Calls [param action], in which the engine has to print at least one error, and returns its
## result.
func with_errors(what: String, action: Callable) -> Variant:
	printerr(ERRORS_EXPECTED + what)
	var result: Variant = action.call()
	printerr(ERRORS_OVER)
	return result


## Waits until [param condition] answers true, polling [member polled]; a failed check after [param
## seconds].
func until(condition: Callable, what: String, seconds: float = PATIENCE_SECONDS) -> bool:
	var held: bool = await holds_within(condition, seconds)
	return check(held, what, "not within %s s" % seconds)


## As [method until], but without a check: answers whether [param condition] came true.
func holds_within(condition: Callable, seconds: float) -> bool:
	var end: int = Time.get_ticks_msec() + int(seconds * 1000.0)
	while true:
		poll_all()
		if condition.call():
			return true
		if Time.get_ticks_msec() >= end:
			return false
		await get_tree().process_frame
	return false


## Polls [member polled] for [param seconds]: for what must not happen.
func pump(seconds: float) -> void:
	await holds_within(func() -> bool: return false, seconds)


func poll_all() -> void:
	for peer: MultiplayerPeer in polled.duplicate():
		if peer.get_connection_status() != DISCONNECTED:
			peer.poll()


## Ends this process by force: no code runs at its end, and nobody is told. What was checked up to
## here counts. Returns only if nobody hears, which is a failed check.
func be_killed() -> void:
	printerr("TESTS %d passed, %d failed" % [passed, failed])
	printerr(KILL_REQUEST)
	await pump(PATIENCE_SECONDS)
	check(false, "the process is killed")


## Appends [code][signal, id][/code] to [param into] for each signal of [param peer].
func record(peer: MultiplayerPeer, into: Array) -> void:
	peer.peer_connected.connect(func(id: int) -> void: into.append(["peer_connected", id]))
	peer.peer_disconnected.connect(func(id: int) -> void: into.append(["peer_disconnected", id]))


## [param size] bytes that differ everywhere and between seeds.
static func pattern(size: int, seed_value: int) -> PackedByteArray:
	var words := PackedInt32Array()
	words.resize((size + 3) >> 2)
	for index: int in words.size():
		words[index] = (seed_value + index) * 2654435761
	return words.to_byte_array().slice(0, size)


static func sha256(bytes: PackedByteArray) -> String:
	var context := HashingContext.new()
	context.start(HashingContext.HASH_SHA256)
	if not bytes.is_empty():
		context.update(bytes)
	return context.finish().hex_encode()


static func _shown(value: Variant) -> String:
	var text: String = var_to_str(value).replace("\n", " ")
	return text if text.length() <= SHOWN_LENGTH else text.left(SHOWN_LENGTH) + " ..."
