/* append-parse.c - RFC 4466 6 "append-message"
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/append.h"

static bool
parse_data_ext(struct parser *p, struct append_message *m)
{
	const char *word;
	bool nonsync;

	if (!parser_word(p, &word))
		return false;
	if (strcmp(word, "CATENATE") == 0) {
		m->data = APPEND_CATENATE;
		return parser_sp(p) && parser_char(p, '(');
	}
	if (strcmp(word, "UTF8") == 0) {
		m->data = APPEND_UTF8;
		return parser_sp(p) && parser_char(p, '(') &&
		    parser_char(p, '~') &&
		    parser_literal_head(p, &m->size, &nonsync);
	}
	return parser_expected(p, "a literal, CATENATE or UTF8");
}

bool
append_parse_message(struct parser *p, struct append_message *m)
{
	bool nonsync;

	*m = (struct append_message){ 0 };
	if (!parser_sp(p))
		return false;
	if (parser_peek(p) == '(' &&
	    (!parser_flags(p, false, &m->flags) || !parser_sp(p)))
		return false;
	if (parser_peek(p) == '"') {
		m->has_date = true;
		if (!parser_date_time(p, &m->date) || !parser_sp(p))
			return false;
	}
	if (parser_opt(p, '~'))
		m->data = APPEND_LITERAL8;
	else if (parser_peek(p) != '{')
		return parse_data_ext(p, m);
	return parser_literal_head(p, &m->size, &nonsync);
}
