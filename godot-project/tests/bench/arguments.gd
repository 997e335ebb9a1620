extends RefCounted
## The arguments after [code]--[/code], as [code]--name=value[/code].


static func text(argument_name: String, fallback: String) -> String:
	var prefix: String = "--%s=" % argument_name
	for argument: String in OS.get_cmdline_user_args():
		if argument.begins_with(prefix):
			return argument.trim_prefix(prefix)
	return fallback


static func number(argument_name: String, fallback: int) -> int:
	return text(argument_name, str(fallback)).to_int()


## A new peer of the class that [code]--suffix=[/code] asks for; nothing for the engine's own.
static func new_peer() -> MultiplayerPeer:
	return ClassDB.instantiate("ENetMultiplayerPeer" + text("suffix", ""))
