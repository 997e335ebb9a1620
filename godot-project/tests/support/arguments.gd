extends RefCounted
## The arguments after [code]--[/code], as [code]--name=value[/code] or [code]--name[/code].


## All of them, by name; empty where there is no value.
static func all() -> Dictionary:
	var values: Dictionary = {}
	for argument: String in OS.get_cmdline_user_args():
		var parts: PackedStringArray = argument.trim_prefix("--").split("=", true, 1)
		values[parts[0]] = parts[1] if parts.size() > 1 else ""
	return values


static func text(argument_name: String, fallback: String) -> String:
	return all().get(argument_name, fallback)


static func number(argument_name: String, fallback: int) -> int:
	return text(argument_name, str(fallback)).to_int()


## A new peer of the class that [code]--suffix=[/code] asks for; nothing for the engine's own.
static func new_peer() -> MultiplayerPeer:
	return ClassDB.instantiate("ENetMultiplayerPeer" + text("suffix", ""))
