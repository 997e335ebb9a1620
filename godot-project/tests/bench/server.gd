extends Node
## A server at 60 frames a second with an RPC to all and one from each client a frame: what its frames cost.
##
## Prints a line [code]BENCH {...}[/code]: microseconds a frame in poll and in sending, of the whole process, and the
## calls received a frame. Before, a line [code]PORT ...[/code] with the port that the system gave it. [code]cargo xtask
## bench[/code] starts it with [code]--suffix=[/code], [code]--clients=[/code] and [code]--frames=[/code].

const Arguments = preload("res://tests/support/arguments.gd")
const Game = preload("res://tests/bench/game.gd")
const ProcessUsage = preload("res://tests/support/process_usage.gd")
const WARM_UP_FRAMES: int = 60
const STATE_LEN: int = 60

var _api: SceneMultiplayer = SceneMultiplayer.new()
var _game: Game = Game.new()


func _ready() -> void:
	Engine.max_fps = 60
	get_tree().multiplayer_poll = false
	var world: Node = Node.new()
	world.name = "World"
	add_child(world)
	get_tree().set_multiplayer(_api, world.get_path())
	_game.name = "Game"
	world.add_child(_game)
	var clients: int = Arguments.number("clients", 128)
	var peer: MultiplayerPeer = Arguments.new_peer()
	var err: Error = peer.call("create_server", 0, clients)
	assert(err == OK)
	print("PORT ", peer.get("host").call("get_local_port"))
	_api.server_relay = false
	_api.multiplayer_peer = peer
	while _api.get_peers().size() < clients:
		_api.poll()
		await get_tree().process_frame
	print("ALL CONNECTED")
	await _play(WARM_UP_FRAMES)
	print("BENCH ", JSON.stringify(await _play(Arguments.number("frames", 300))))
	get_tree().quit()


func _play(frames: int) -> Dictionary:
	var state: PackedByteArray = []
	state.resize(STATE_LEN)
	var in_poll: int = 0
	var in_send: int = 0
	var cpu: int = ProcessUsage.cpu_nsec()
	_game.received = 0
	for frame: int in frames:
		var start: int = Time.get_ticks_usec()
		_api.poll()
		var polled: int = Time.get_ticks_usec()
		_game.state_changed.rpc(state)
		in_send += Time.get_ticks_usec() - polled
		in_poll += polled - start
		await get_tree().process_frame
	return {
		"poll": float(in_poll) / frames,
		"send": float(in_send) / frames,
		"cpu": float(ProcessUsage.cpu_nsec() - cpu) / 1000.0 / frames,
		"received": float(_game.received) / frames,
	}
