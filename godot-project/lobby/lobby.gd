class_name Lobby
extends Control
## The start screen: host a match or join one, or a mesh.

signal host_requested(bots: int)
signal join_requested
signal mesh_hosted(size: int, bots: int)
signal mesh_joined

## Filled in by the person before a signal above.
var options: LaunchOptions
## Why the last match ended, if there is something to say.
var message: String = ""

@onready var _name: LineEdit = %PlayerName
@onready var _address: LineEdit = %Address
@onready var _port: SpinBox = %Port
@onready var _bots: SpinBox = %Bots
@onready var _host: Button = %Host
@onready var _join: Button = %Join
@onready var _mesh_size: SpinBox = %MeshSize
@onready var _mesh_bots: SpinBox = %MeshBots
@onready var _host_mesh: Button = %HostMesh
@onready var _join_mesh: Button = %JoinMesh
@onready var _message: Label = %Message


func _ready() -> void:
	if options == null:
		options = LaunchOptions.from_command_line()
	_name.text = options.player_name
	_address.text = options.address
	_port.value = options.port
	_message.text = message
	_host.pressed.connect(_on_host_pressed)
	_join.pressed.connect(_on_join_pressed)
	_host_mesh.pressed.connect(_on_host_mesh_pressed)
	_join_mesh.pressed.connect(_on_join_mesh_pressed)
	_address.text_submitted.connect(func(_text: String) -> void: _on_join_pressed())
	_host.grab_focus()


func _read_form() -> void:
	if _name.text.strip_edges() != "":
		options.player_name = _name.text.strip_edges()
	options.port = roundi(_port.value)


func _on_host_pressed() -> void:
	_read_form()
	options.address = "127.0.0.1"
	host_requested.emit(roundi(_bots.value))


func _on_join_pressed() -> void:
	_read_form()
	options.address = _address.text.strip_edges()
	join_requested.emit()


func _on_host_mesh_pressed() -> void:
	_read_form()
	options.address = "127.0.0.1"
	mesh_hosted.emit(roundi(_mesh_size.value), roundi(_mesh_bots.value))


func _on_join_mesh_pressed() -> void:
	_read_form()
	options.address = _address.text.strip_edges()
	mesh_joined.emit()
