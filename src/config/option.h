/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

/*
 * The option table: one row per option, from which the command line parser,
 * the keys of profiles, the environment variables, the defaults, --help, the
 * man pages and the completions are made. A new option is a new row.
 *
 * The table is constant data (config/options.c). All values, whatever their
 * source, reach struct settings through option_set(), so that syntax and error
 * texts are the same everywhere. Used by the modules of this layer and by
 * docgen; main thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "config/settings.h"

/* Named by what is typed; the C type of the field is in brackets. */
enum option_type {
	OPTION_FLAG,      /* nothing, or yes|no [bool] */
	OPTION_YES_NO,    /* yes|no [bool] */
	OPTION_UINT,      /* whole number [uint32_t] */
	OPTION_COUNT,     /* whole number [uint64_t] */
	OPTION_SECONDS,   /* whole seconds, 90 or 5m [uint32_t] */
	OPTION_DURATION,  /* seconds, or 500ms, 2m ... [uint64_t, ns] */
	OPTION_SIZE,      /* bytes, or 64k, 1M ... [uint32_t] */
	OPTION_PERCENT,   /* decimal number [double] */
	OPTION_CHOICE,    /* one of .choices [unsigned] */
	OPTION_TEXT,      /* any [const char *] */
	OPTION_STRING,    /* any that MQTT can carry as a string [same] */
	OPTION_TOPIC,     /* topic name [same] */
	OPTION_PATH,      /* file name [same] */
	OPTION_BINARY,    /* text, hex:... or base64:... [struct bytes] */
	OPTION_HEX,       /* hexadecimal digits [same] */
	OPTION_LIST,      /* one text each time [struct text_list] */
	OPTION_PAIRS,     /* NAME=VALUE each time [same, two texts each] */
	OPTION_FILTERS,   /* one topic filter each time [struct text_list] */
	OPTION_TOPICS,    /* as above, with the QoS so far [filter_list] */
	OPTION_SUBSCRIBE, /* FILTER,qos=1,... each time [struct text_list] */
	OPTION_PROPERTY,  /* COMMAND NAME [KEY] VALUE: sets another row */
	OPTION_TYPES
};

/* The headings of --help, in their order. */
enum option_group {
	GROUP_MESSAGE,
	GROUP_SUBSCRIPTION,
	GROUP_SELECTION,
	GROUP_OUTPUT,
	GROUP_LOAD,
	GROUP_REPORT,
	GROUP_CONNECTION,
	GROUP_CREDENTIALS,
	GROUP_TLS,
	GROUP_WEBSOCKET,
	GROUP_PROXY,
	GROUP_SESSION,
	GROUP_WILL,
	GROUP_STORE,
	GROUP_WAITING,
	GROUP_GENERAL,
	OPTION_GROUPS
};

/* A value that has a name; ends with a NULL name. Names that are only
 * accepted, not advertised, are hidden. */
struct choice {
	const char *name;
	unsigned value;
	bool is_hidden;
};

enum option_flags {
	OPTION_ENV = 1,        /* may come from the environment */
	OPTION_SECRET = 2,     /* masked, wiped from argv, never saved */
	OPTION_ONCE = 4,       /* twice on a command line is an error */
	OPTION_NO_PROFILE = 8, /* belongs to one run: no profile key */
	OPTION_V5 = 16,        /* means something in MQTT 5 only */
	OPTION_HOST = 32,      /* completed with host names */
	OPTION_URL = 64,       /* the password in it is masked and wiped */
	OPTION_PLACE = 128,    /* where to: mqtt-bench wants to be told */
};

enum { OPTION_TOOLS = 5, OPTION_ALIASES = 3 };

struct option {
	const char *name; /* long option and profile key; in upper case
			   * with '_' the variable MQTT_TOOLS_NAME */
	const char *alias[OPTION_ALIASES]; /* other long spellings */
	char letter[OPTION_TOOLS]; /* per tool, in the order of enum tool */
	enum option_group group;
	unsigned tools; /* enum tool bits */
	unsigned flags; /* enum option_flags bits */
	enum option_type type;
	size_t offset;                /* of the field in struct settings */
	const struct choice *choices; /* CHOICE; names for numbers too */
	uint64_t min, max;    /* numbers; durations in ns; percent x 1000 */
	const char *fallback; /* default, as it would be typed; or NULL */
	const char *metavar;  /* "SECONDS"; NULL: no value */
	const char *property; /* "publish content-type": what -D calls it */
	const char *help;     /* one line, at most 60 columns, no full stop */
	const char *details;  /* more for the man page; paragraphs by \n */
};

/* No wait is longer than this: a hundred years. */
#define OPTION_DURATION_MAX (UINT64_C(100) * 365 * 86400 * 1000000000)

/* Which field a row writes. The row does not compile unless the field has
 * the C type that belongs to the option's type. */
#define OPTION_AT(ctype, field)                                    \
	.offset = _Generic(((struct settings *)NULL)->field, ctype \
			   : offsetof(struct settings, field))
#define FLAG_AT(f) .type = OPTION_FLAG, OPTION_AT(bool, f)
#define YES_NO_AT(f) .type = OPTION_YES_NO, OPTION_AT(bool, f)
#define UINT_AT(f) .type = OPTION_UINT, OPTION_AT(uint32_t, f)
#define COUNT_AT(f) .type = OPTION_COUNT, OPTION_AT(uint64_t, f)
#define SECONDS_AT(f) .type = OPTION_SECONDS, OPTION_AT(uint32_t, f)
#define DURATION_AT(f) .type = OPTION_DURATION, OPTION_AT(uint64_t, f)
#define SIZE_AT(f) .type = OPTION_SIZE, OPTION_AT(uint32_t, f)
#define PERCENT_AT(f) .type = OPTION_PERCENT, OPTION_AT(double, f)
#define CHOICE_AT(f) .type = OPTION_CHOICE, OPTION_AT(unsigned, f)
#define TEXT_AT(f) .type = OPTION_TEXT, OPTION_AT(const char *, f)
#define STRING_AT(f) .type = OPTION_STRING, OPTION_AT(const char *, f)
#define TOPIC_AT(f) .type = OPTION_TOPIC, OPTION_AT(const char *, f)
#define PATH_AT(f) .type = OPTION_PATH, OPTION_AT(const char *, f)
#define BINARY_AT(f) .type = OPTION_BINARY, OPTION_AT(struct bytes, f)
#define HEX_AT(f) .type = OPTION_HEX, OPTION_AT(struct bytes, f)
#define LIST_AT(f) .type = OPTION_LIST, OPTION_AT(struct text_list, f)
#define PAIRS_AT(f) .type = OPTION_PAIRS, OPTION_AT(struct text_list, f)
#define FILTERS_AT(f) .type = OPTION_FILTERS, OPTION_AT(struct text_list, f)
#define TOPICS_AT(f) .type = OPTION_TOPICS, OPTION_AT(struct filter_list, f)
#define SUBSCRIBE_AT(f) .type = OPTION_SUBSCRIBE, OPTION_AT(struct text_list, f)

/* The letters that mqtt-pub, mqtt-sub and mqtt-rr share with mosquitto. */
#define SHARED_LETTER(c)      \
	{                     \
		(c), (c), (c) \
	}
/* And those that mqtt-bench has too, as other generators of load do. */
#define COMMON_LETTER(c)           \
	{                          \
		(c), (c), (c), (c) \
	}
#define TOOLS_ALL (TOOL_PUB | TOOL_SUB | TOOL_RR | TOOL_BENCH | TOOL_CHECK)
#define TOOLS_CLIENT (TOOL_PUB | TOOL_SUB | TOOL_RR)

/* The table. A row's place in it is its place in settings.origins. */
extern const struct option options[];
extern const size_t option_count;
extern const char *const option_group_titles[OPTION_GROUPS];

/* By long name (aliases count) or by letter, among the rows of a tool; NULL
 * when there is none. tool 0: the first row of any tool. */
const struct option *option_find(const char *name, unsigned tool);
const struct option *option_find_letter(char letter, enum tool tool);
/* The row of `-D command name`, or NULL. */
const struct option *option_find_property(const char *command, const char *name,
					  unsigned tool);
/* The closest name among the tool's rows, or NULL. */
const char *option_nearest(const char *name, unsigned tool);
char option_letter(const struct option *o, enum tool tool); /* or 0 */
/* "MQTT_TOOLS_NAME" of a row, into a buffer of OPTION_ENV_MAX. */
enum { OPTION_ENV_MAX = 64 };
const char *option_env_name(const struct option *o, char *dst);
/* Whether --NAME is followed by a value. */
bool option_takes_value(const struct option *o);
bool option_is_list(const struct option *o);
/* Names of the tools: "mqtt-pub" ... */
const char *tool_name(enum tool tool);

/* One value for one option. */
struct setting {
	const struct option *option;
	const char *text; /* what was typed */
	const char *key;  /* PAIRS: NULL when text is NAME=VALUE */
	struct origin origin;
	const char *base_dir; /* where relative paths start; NULL: here */
};

/* Values in the order given; the array is kept with the settings. */
struct setting_list {
	struct setting *v;
	size_t n;
};

int setting_add(struct settings *s, struct setting_list *list,
		const struct setting *v, struct err *e) MUST_CHECK;
/* The last one for the row with that field, or NULL. */
const struct setting *setting_find(const struct setting_list *list,
				   size_t offset);

/*
 * Checks one value and stores a copy. A value of a stronger origin replaces a
 * weaker one (lists too); the caller goes from weak to strong. e says where
 * the value came from, what was wrong and what was expected.
 */
int option_set(struct settings *s, const struct setting *v, struct err *e)
	MUST_CHECK;

/* All of a list, in order. */
int option_set_all(struct settings *s, const struct setting_list *list,
		   struct err *e) MUST_CHECK;

/* Overwrites a secret where it came from; of a URL the password alone. */
void secret_overwrite(const struct option *o, char *text);

/* Where the value of a field came from: option_origin(s, typed.port). */
#define ORIGIN_OF(s, field) \
	settings_origin((s), offsetof(struct settings, field))
const struct origin *settings_origin(const struct settings *s, size_t offset);
/* Above 0 when a beats b, below when b beats a, 0 when neither does. */
int origin_compare(const struct origin *a, const struct origin *b);
/* True unless it is the built-in default. */
#define IS_SET(s, field) (ORIGIN_OF(s, field)->kind != ORIGIN_DEFAULT)

/* How messages call a source: "option '-k'", "environment variable 'X'",
 * "FILE:3:7: 'keepalive'". Into dst; returns it. */
enum { ORIGIN_TEXT_MAX = 400 };
const char *origin_text(char *dst, const struct option *o,
			const struct origin *from);

/* The effective value as it would be typed (secrets masked); for lists see
 * config/show.h. */
int option_print(const struct settings *s, const struct option *o,
		 struct buf *out) MUST_CHECK;

#endif
