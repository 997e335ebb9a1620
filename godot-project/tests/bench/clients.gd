extends Node
## Clients of the engine's own class, each with a multiplayer API of its own, that send an RPC a frame to the server.
##
## Runs until it is killed. [code]cargo xtask bench[/code] starts it with [code]--port=[/code] and
## [code]--clients=[/code].

const Arguments = preload("res://tests/support/arguments.gd")
const Game = preload("res://tests/bench/game.gd")
const INPUT_LEN: int = 30

var _games: Array[Game] = []


func _ready() -> void:
	Engine.max_fps = 60
	for index: int in Arguments.number("clients", 128):
		var world: Node = Node.new()
		world.name = "World%d" % index
		add_child(world)
		var api: SceneMultiplayer = SceneMultiplayer.new()
		get_tree().set_multiplayer(api, world.get_path())
		var game: Game = Game.new()
		game.name = "Game"
		world.add_child(game)
		_games.append(game)
		var peer: ENetMultiplayerPeer = ENetMultiplayerPeer.new()
		var err: Error = peer.create_client("127.0.0.1", Arguments.number("port", 9999))
		assert(err == OK)
		api.server_relay = false
		api.multiplayer_peer = peer


func _process(_delta: float) -> void:
	var input: PackedByteArray = []
	input.resize(INPUT_LEN)
	for game: Game in _games:
		var peer: MultiplayerPeer = game.multiplayer.multiplayer_peer
		if peer.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED:
			game.input_changed.rpc_id(1, input)
