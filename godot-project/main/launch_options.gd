class_name LaunchOptions
extends RefCounted
## What to run, read from the arguments after "--" on the command line or filled in by the lobby.

enum Role { LOBBY, SERVER, CLIENT, MESH_LOBBY, MESH }

const DEFAULT_PORT: int = 8910
const USAGE: String = """Arguments after "--":
  --server          run a match
  --client          play in one
  --mesh-lobby      bring the peers of a mesh together
  --mesh            be one of them
  --address A       where the server or the lobby is (127.0.0.1)
  --port N          its port, 1 to 65535 (8910)
  --name X          the player's name
  --bots N          bots: instead of a person (client), or in the server's process
  --clients N       wait for N players before the match begins (server; 0: begin at once), or
                    peers of the mesh, 2 to 8 (lobby; 4)
  --seconds S       length of the match (server, mesh) or longest stay (client); 0: no limit
Without a role the start screen opens."""

const _NAMES: PackedStringArray = [
	"Ada", "Alan", "Barbara", "Dennis", "Edsger", "Grace", "Hedy", "Katherine",
]

var role: Role = Role.LOBBY
var address: String = "127.0.0.1"
var port: int = DEFAULT_PORT
var player_name: String = _NAMES[randi() % _NAMES.size()]
var bots: int = 0
var clients: int = 0
var seconds: float = 0.0
## True if nobody watches: the process ends by itself with the match.
var unattended: bool = DisplayServer.get_name() == "headless"
## True for the player who hosts the match too.
var may_end_match: bool = false
## What was wrong with the arguments; empty if nothing was.
var errors: PackedStringArray = []


## Reads the user arguments of this process.
static func from_command_line() -> LaunchOptions:
	var options := LaunchOptions.new()
	options._parse(OS.get_cmdline_user_args())
	return options


## The same match for another player.
func for_player(new_name: String, bot: bool) -> LaunchOptions:
	var options := LaunchOptions.new()
	options.role = Role.CLIENT
	options.address = address
	options.port = port
	options.player_name = new_name
	options.bots = 1 if bot else 0
	options.seconds = seconds
	options.unattended = unattended
	return options


func _parse(arguments: PackedStringArray) -> void:
	var rest: Array = Array(arguments)
	while not rest.is_empty():
		var option: String = rest.pop_front()
		match option:
			"--server":
				role = Role.SERVER
			"--client":
				role = Role.CLIENT
			"--mesh-lobby":
				role = Role.MESH_LOBBY
			"--mesh":
				role = Role.MESH
			"--address":
				address = _take_value(option, rest)
			"--port":
				port = roundi(_take_number(option, rest, 1, 65535))
			"--name":
				player_name = _take_value(option, rest)
			"--bots":
				bots = roundi(_take_number(option, rest, 1, 32))
			"--clients":
				clients = roundi(_take_number(option, rest, 0, 32))
			"--seconds":
				seconds = _take_number(option, rest, 0, 86400)
			_:
				errors.append("unknown argument: %s" % option)


func _take_value(option: String, rest: Array) -> String:
	if rest.is_empty():
		errors.append("%s needs a value" % option)
		return ""
	var value: String = rest.pop_front()
	return value


func _take_number(option: String, rest: Array, lowest: float, highest: float) -> float:
	var value: String = _take_value(option, rest)
	if not value.is_valid_float() or value.to_float() < lowest or value.to_float() > highest:
		errors.append("%s needs a number from %d to %d" % [option, lowest, highest])
		return lowest
	return value.to_float()
