extends RefCounted
## Everything a script can ask ClassDB about a class, inherited members included, as texts that can be compared with
## those of another class.
##
## The parts of a member are texts by what they tell: of [code]method connect_to_host[/code] the parts are
## [code]flags[/code], [code]return[/code] and [code]argument 0[/code] onwards.

## Methods, arguments and so on, as the totals of a report name them.
const KINDS: Array[String] = ["methods", "arguments", "properties", "signals", "enums", "constants"]
const METHOD_FLAG_NAMES: Dictionary = {
	METHOD_FLAG_EDITOR: "editor",
	METHOD_FLAG_CONST: "const",
	METHOD_FLAG_VIRTUAL: "virtual",
	METHOD_FLAG_VARARG: "vararg",
	METHOD_FLAG_STATIC: "static",
}
## Entries of a property list that stand for a class, not for a property.
const HEADINGS: int = PROPERTY_USAGE_CATEGORY

var name: String = ""
## The parts of each member, by its kind and name.
var members: Dictionary = {}
## How many there are, by the names in [constant KINDS].
var counts: Dictionary = {}

## Names of classes, and what is written for them.
var _aliases: Dictionary = {}


## The surface of [param class_id]. Wherever a key of [param aliases] is the name of a class or a part of it, its value
## is written.
static func of(class_id: String, aliases: Dictionary = {}) -> RefCounted:
	var surface: RefCounted = new()
	surface.call("_read", class_id, aliases)
	return surface


## What [param ours] has otherwise than [param theirs]: by member and part the two texts, null where there is none. Of a
## member that only one of them has, the only part is the whole member.
static func differences(theirs: Dictionary, ours: Dictionary) -> Dictionary:
	var found: Dictionary = {}
	for member: String in _keys_of_both(theirs, ours):
		if not (theirs.has(member) and ours.has(member)):
			found[member] = [_whole(theirs.get(member)), _whole(ours.get(member))]
			continue
		for part: String in _keys_of_both(theirs[member], ours[member]):
			var pair: Array = [theirs[member].get(part), ours[member].get(part)]
			if pair[0] != pair[1]:
				found["%s, %s" % [member, part]] = pair
	return found


static func _keys_of_both(one: Dictionary, other: Dictionary) -> Array:
	return one.keys() + other.keys().filter(func(key: String) -> bool: return not one.has(key))


static func _whole(parts: Variant) -> Variant:
	if parts == null:
		return null
	var texts: Array[String] = []
	for part: String in parts:
		texts.append("%s: %s" % [part, parts[part]])
	return "; ".join(texts)


func _read(class_id: String, aliases: Dictionary) -> void:
	name = class_id
	_aliases = aliases
	for kind: String in KINDS:
		counts[kind] = 0
	_read_class()
	for method: Dictionary in ClassDB.class_get_method_list(name):
		_read_callable("method", "methods", method)
	for emitted: Dictionary in ClassDB.class_get_signal_list(name):
		_read_callable("signal", "signals", emitted)
	for property: Dictionary in ClassDB.class_get_property_list(name):
		if property.usage & HEADINGS == 0:
			_read_property(property)
	for enum_name: String in ClassDB.class_get_enum_list(name):
		_read_enum(enum_name)
	for constant: String in ClassDB.class_get_integer_constant_list(name):
		_read_constant(constant)


func _read_class() -> void:
	var bases: Array[String] = []
	var base: String = ClassDB.get_parent_class(name)
	while base != "":
		bases.append(base)
		base = ClassDB.get_parent_class(base)
	members["class"] = {
		"inherits": _mapped(", ".join(bases)),
		"can be instantiated": str(ClassDB.can_instantiate(name)),
		"is enabled": str(ClassDB.is_class_enabled(name)),
	}


## A method or a signal.
func _read_callable(kind: String, counted_as: String, entry: Dictionary) -> void:
	var parts: Dictionary = {"flags": _flags(entry.flags), "return": _typed(entry.return)}
	var first_default: int = entry.args.size() - entry.default_args.size()
	for index: int in entry.args.size():
		var text: String = "%s: %s" % [entry.args[index].name, _typed(entry.args[index])]
		if index >= first_default:
			text += " = " + _value(entry.default_args[index - first_default])
		parts["argument %d" % index] = text
	_add("%s %s" % [kind, entry.name], counted_as, parts)
	counts["arguments"] += entry.args.size()


func _read_property(property: Dictionary) -> void:
	var parts: Dictionary = {
		"type": _typed(property),
		"setter": str(ClassDB.class_get_property_setter(name, property.name)),
		"getter": str(ClassDB.class_get_property_getter(name, property.name)),
		"default": _value(ClassDB.class_get_property_default_value(name, property.name)),
	}
	_add("property %s" % property.name, "properties", parts)


func _read_enum(enum_name: String) -> void:
	var parts: Dictionary = {
		"is a bitfield": str(ClassDB.is_class_enum_bitfield(name, enum_name)),
		"constants": ", ".join(ClassDB.class_get_enum_constants(name, enum_name)),
	}
	_add("enum %s" % enum_name, "enums", parts)


func _read_constant(constant: String) -> void:
	var parts: Dictionary = {
		"value": str(ClassDB.class_get_integer_constant(name, constant)),
		"enum": str(ClassDB.class_get_integer_constant_enum(name, constant)),
	}
	_add("constant %s" % constant, "constants", parts)


## Two of one name, as a class and its base may have, are told apart by their order.
func _add(member: String, counted_as: String, parts: Dictionary) -> void:
	var key: String = member
	while members.has(key):
		key += " again"
	members[key] = parts
	counts[counted_as] += 1


static func _flags(flags: int) -> String:
	var names: Array[String] = []
	for flag: int in METHOD_FLAG_NAMES:
		if flags & flag:
			names.append(METHOD_FLAG_NAMES[flag])
			flags &= ~flag
	if flags != METHOD_FLAG_NORMAL:
		names.append("also %d" % flags)
	return " ".join(names) if not names.is_empty() else "normal"


## Type, class, hint and usage of a property, an argument or a returned value.
func _typed(property: Dictionary) -> String:
	var text: String = type_string(property.type)
	if property.class_name != &"":
		text += " " + property.class_name
	if property.hint != PROPERTY_HINT_NONE or property.hint_string != "":
		text += ", hint %d '%s'" % [property.hint, property.hint_string]
	return _mapped("%s, usage %d" % [text, property.usage])


static func _value(value: Variant) -> String:
	return "%s %s" % [type_string(typeof(value)), var_to_str(value)]


func _mapped(text: String) -> String:
	for alias: String in _aliases:
		text = text.replace(alias, _aliases[alias])
	return text
