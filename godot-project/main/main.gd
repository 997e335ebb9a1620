class_name Main
extends Node
## Opens what the command line asks for: the start screen, a server, clients, or parts of a mesh.

const _LOBBY_SCENE: PackedScene = preload("res://lobby/lobby.tscn")
const _SERVER_SCENE: PackedScene = preload("res://match/server.tscn")
const _CLIENT_SCENE: PackedScene = preload("res://match/client.tscn")
const _MESH_SCENE: PackedScene = preload("res://mesh/mesh.tscn")

var _options: LaunchOptions
var _lobby: Lobby
var _server: ServerSide
var _sides_running: int = 0
var _all_succeeded: bool = true


func _ready() -> void:
	_options = LaunchOptions.from_command_line()
	if not _options.errors.is_empty():
		printerr("\n".join(_options.errors), "\n\n", LaunchOptions.USAGE)
		get_tree().quit(2)
		return
	match _options.role:
		LaunchOptions.Role.LOBBY:
			_open_lobby("")
		LaunchOptions.Role.SERVER:
			_open_server(_options, true)
			_open_hidden_bots(_options.bots, "Bot")
		LaunchOptions.Role.CLIENT:
			if _options.bots <= 1:
				_open_client(_options, true)
			else:
				_open_hidden_bots(_options.bots, _options.player_name)
		LaunchOptions.Role.MESH_LOBBY:
			_open_mesh_lobby(_options)
		LaunchOptions.Role.MESH:
			_open_mesh(_options, true)


func _open_lobby(message: String) -> void:
	_lobby = _LOBBY_SCENE.instantiate()
	_lobby.options = _options
	_lobby.message = message
	_lobby.host_requested.connect(_on_host_requested)
	_lobby.join_requested.connect(_on_join_requested)
	_lobby.mesh_hosted.connect(_on_mesh_hosted)
	_lobby.mesh_joined.connect(_on_mesh_joined)
	add_child(_lobby)


func _close_lobby() -> void:
	if _lobby != null:
		_lobby.queue_free()
		_lobby = null


func _open_server(options: LaunchOptions, is_shown: bool) -> void:
	_server = _SERVER_SCENE.instantiate()
	_add_side(_server, options, is_shown)


func _open_client(options: LaunchOptions, is_shown: bool) -> ClientSide:
	var client: ClientSide = _CLIENT_SCENE.instantiate()
	_add_side(client, options, is_shown)
	return client


func _open_hidden_bots(count: int, base_name: String) -> void:
	for number: int in count:
		_open_client(_options.for_player("%s %d" % [base_name, number + 1], true), false)


func _open_mesh_lobby(options: LaunchOptions) -> void:
	_add_side(MeshLobby.new(), options, false)


func _open_mesh(options: LaunchOptions, is_shown: bool) -> void:
	var side: MeshSide = _MESH_SCENE.instantiate()
	_add_side(side, options, is_shown)


func _add_side(side: Side, options: LaunchOptions, is_shown: bool) -> void:
	side.options = options
	side.visible = is_shown
	side.finished.connect(_on_side_finished.bind(side))
	_sides_running += 1
	add_child(side, true)


## Plays on a server of one's own, with bots to fill it.
func _on_host_requested(bots: int) -> void:
	_close_lobby()
	_open_server(_options.for_player("Server", false), false)
	_open_hidden_bots(bots, "Bot")
	var own_options: LaunchOptions = _options.for_player(_options.player_name, false)
	own_options.may_end_match = true
	var own: ClientSide = _open_client(own_options, true)
	own.end_requested.connect(_server.end_match)


func _on_join_requested() -> void:
	_close_lobby()
	_open_client(_options.for_player(_options.player_name, false), true)


## Opens a lobby here and joins it, with bots as some of the others.
func _on_mesh_hosted(size: int, bots: int) -> void:
	_close_lobby()
	var lobby_options: LaunchOptions = _options.for_player("Lobby", false)
	lobby_options.clients = size
	_open_mesh_lobby(lobby_options)
	for number: int in mini(bots, size - 1):
		_open_mesh(_options.for_player("Bot %d" % (number + 1), true), false)
	_open_mesh(_options.for_player(_options.player_name, false), true)


func _on_mesh_joined() -> void:
	_close_lobby()
	_open_mesh(_options.for_player(_options.player_name, false), true)


func _on_side_finished(succeeded: bool, message: String, side: Side) -> void:
	_sides_running -= 1
	_all_succeeded = _all_succeeded and succeeded
	side.queue_free()
	if _options.unattended:
		if _sides_running == 0:
			get_tree().quit(0 if _all_succeeded else 1)
	elif side.visible or side == _server or side is MeshLobby and not succeeded:
		_close_all_sides()
		_open_lobby(message)


func _close_all_sides() -> void:
	for child: Node in get_children():
		if child is Side:
			child.queue_free()
	_sides_running = 0
