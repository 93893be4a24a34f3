/* mime-gmime.c - what GMime says of messages, for tests/lib/mime-differ.py
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include <gmime/gmime.h>

#include "mime-json.h"

static void
put_string(const char *key, const char *s)
{
	printf(",\"%s\":", key);
	if (s == NULL)
		fputs("null", stdout);
	else
		json_octets(s, strlen(s));
}

static void
put_params(const char *key, GMimeParamList *params)
{
	int n = params == NULL ? 0 : g_mime_param_list_length(params);
	GMimeParam *p;

	printf(",\"%s\":[", key);
	for (int i = 0; i < n; i++) {
		p = g_mime_param_list_get_parameter_at(params, i);
		printf("%s[", i > 0 ? "," : "");
		json_octets(g_mime_param_get_name(p),
		    strlen(g_mime_param_get_name(p)));
		putchar(',');
		json_octets(g_mime_param_get_value(p),
		    strlen(g_mime_param_get_value(p)));
		putchar(']');
	}
	putchar(']');
}

/* Groups as in an envelope: a start without a host, an end without both. */
static void
put_addresses(InternetAddressList *list, bool *first)
{
	int n = list == NULL ? 0 : internet_address_list_length(list);
	InternetAddress *ia;

	for (int i = 0; i < n; i++) {
		ia = internet_address_list_get_address(list, i);
		printf("%s{\"a\":0", *first ? "" : ",");
		*first = false;
		if (INTERNET_ADDRESS_IS_GROUP(ia)) {
			put_string("group", internet_address_get_name(ia));
			putchar('}');
			put_addresses(internet_address_group_get_members(
			    INTERNET_ADDRESS_GROUP(ia)), first);
			fputs(",{\"a\":0,\"end\":0}", stdout);
			continue;
		}
		put_string("name", internet_address_get_name(ia));
		put_string("addr", internet_address_mailbox_get_addr(
		    INTERNET_ADDRESS_MAILBOX(ia)));
		putchar('}');
	}
}

static void
put_field(GMimeMessage *message, const char *key, const char *name,
    GMimeParserOptions *options)
{
	GMimeHeaderList *headers =
	    g_mime_object_get_header_list(GMIME_OBJECT(message));
	InternetAddressList *list;
	GMimeHeader *header;
	const char *raw = NULL;
	bool first = true;

	/* The first of its name. */
	for (int i = 0; i < g_mime_header_list_get_count(headers) &&
	    raw == NULL; i++) {
		header = g_mime_header_list_get_header_at(headers, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), name)
		    == 0)
			raw = g_mime_header_get_raw_value(header);
	}
	if (raw == NULL)
		return;
	list = internet_address_list_parse(options, raw);
	printf(",\"%s\":[", key);
	put_addresses(list, &first);
	putchar(']');
	if (list != NULL)
		g_object_unref(list);
}

static void
put_envelope(GMimeMessage *message, GMimeParserOptions *options)
{
	GDateTime *date = g_mime_message_get_date(message);

	put_string("subject", g_mime_message_get_subject(message));
	if (date != NULL)
		printf(",\"date\":%lld",
		    (long long)g_date_time_to_unix(date));
	put_field(message, "from", "From", options);
	put_field(message, "to", "To", options);
}

static void
put_range(GMimeStream *stream)
{
	gint64 len = g_mime_stream_length(stream);

	printf(",\"body\":[%lld,%lld]", (long long)stream->bound_start,
	    (long long)len);
}

static void
put_content(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *out;
	GByteArray *octets;

	if (content == NULL)
		return;
	put_range(g_mime_data_wrapper_get_stream(content));
	out = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(content, out);
	octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out));
	fputs(",\"content\":", stdout);
	json_octets((const char *)octets->data, octets->len);
	g_object_unref(out);
}

static void put_part(GMimeObject *, GMimeMessage *, GMimeParserOptions *);

static void
put_children(GMimeObject *part, GMimeParserOptions *options)
{
	GMimeMessage *message;

	fputs(",\"parts\":[", stdout);
	if (GMIME_IS_MULTIPART(part)) {
		GMimeMultipart *m = GMIME_MULTIPART(part);

		for (int i = 0; i < g_mime_multipart_get_count(m); i++) {
			if (i > 0)
				putchar(',');
			put_part(g_mime_multipart_get_part(m, i), NULL,
			    options);
		}
	} else if (GMIME_IS_MESSAGE_PART(part)) {
		message = g_mime_message_part_get_message(
		    GMIME_MESSAGE_PART(part));
		if (message != NULL &&
		    g_mime_message_get_mime_part(message) != NULL)
			put_part(g_mime_message_get_mime_part(message),
			    message, options);
	}
	fputs("]", stdout);
}

/* A part; message is what it is the content of, or NULL. */
static void
put_part(GMimeObject *part, GMimeMessage *message, GMimeParserOptions *options)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);
	GMimeContentDisposition *disposition =
	    g_mime_object_get_content_disposition(part);

	printf("{\"type\":");
	json_octets(g_mime_content_type_get_media_type(type),
	    strlen(g_mime_content_type_get_media_type(type)));
	put_string("subtype", g_mime_content_type_get_media_subtype(type));
	put_params("params", g_mime_content_type_get_parameters(type));
	put_string("disposition", disposition == NULL ? NULL :
	    g_mime_content_disposition_get_disposition(disposition));
	put_params("dparams", disposition == NULL ? NULL :
	    g_mime_content_disposition_get_parameters(disposition));
	put_string("id", g_mime_object_get_content_id(part));
	if (message != NULL)
		put_envelope(message, options);
	if (GMIME_IS_PART(part)) {
		put_string("encoding", g_mime_content_encoding_to_string(
		    g_mime_part_get_content_encoding(GMIME_PART(part))));
		put_content(GMIME_PART(part));
	}
	put_children(part, options);
	fputs("}", stdout);
}

static void
put_message(char *s, size_t len, GMimeParserOptions *options)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(s, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message =
	    g_mime_parser_construct_message(parser, options);

	if (message == NULL || g_mime_message_get_mime_part(message) == NULL)
		fputs("null", stdout);
	else
		put_part(g_mime_message_get_mime_part(message), message,
		    options);
	putchar('\n');
	fflush(stdout);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
}

int
main(void)
{
	/* What is not UTF-8 is taken for the same as in src/mail. */
	static const char *charsets[] = { "utf-8", "windows-1252", NULL };
	GMimeParserOptions *options;
	size_t len;
	char *s;

	g_mime_init();
	options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, charsets);
	while ((s = next_message(&len)) != NULL) {
		put_message(s, len, options);
		free(s);
	}
	g_mime_parser_options_free(options);
	g_mime_shutdown();
	return 0;
}
