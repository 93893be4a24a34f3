/* cmd-user.c - mboxadm user ...
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "store/credentials.h"
#include "store/users.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

#define MAILBOXES_DEFAULT "Drafts,Sent,Trash,Junk,Archive"

static const struct {
	const char	*word;
	unsigned int	 bit;
} rights[] = {
	{ "create", MAY_CREATE },
	{ "rename", MAY_RENAME },
	{ "delete", MAY_DELETE }
};
#define RIGHTS_N	(sizeof(rights) / sizeof(rights[0]))

/* "Drafts,Sent" to an array of the store's names; "none" gives none. */
static const struct err *
mailbox_list_parse(struct admin *a, const char *list,
    const char ***names_r, size_t *n_r)
{
	size_t n = 0, max = 1;
	char *word, *rest;
	const char **names;

	for (const char *p = list; *p != '\0'; p++)
		max += *p == ',';
	names = arena_array(a->arena, max, sizeof(*names));
	rest = arena_strdup(a->arena, strcmp(list, "none") == 0 ? "" : list);
	while ((word = strsep(&rest, ",")) != NULL) {
		const struct err *err;

		if (*word == '\0')
			continue;
		err = mboxname_from_utf8(a->arena, word, a->conf->delimiter,
		    &names[n]);
		if (err != NULL)
			return err;
		n++;
	}
	*names_r = names;
	*n_r = n;
	return NULL;
}

static const struct err *
password_options(const struct admin *a)
{
	return a->opt[OPT_NO_PASSWORD] == NULL ||
	    a->opt[OPT_PASSWORD_STDIN] == NULL ? NULL :
	    admin_usage("--no-password and --password-stdin exclude each "
	    "other");
}

static const struct err *
user_add_run(struct admin *a)
{
	const char *list = a->opt[OPT_MAILBOXES];
	const char **names;
	char *password = NULL;
	const struct err *err;
	struct user user;
	size_t n;

	err = password_options(a);
	if (err == NULL)
		err = mailbox_list_parse(a, list != NULL ? list :
		    MAILBOXES_DEFAULT, &names, &n);
	if (err != NULL)
		return err;
	/* Not after the password was typed twice. */
	err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err == NULL)
		return err_user(RESP_ALREADYEXISTS,
		    "there is a user %s already", user.name);
	if (err->code == NULL || strcmp(err->code, RESP_NONEXISTENT) != 0)
		return err;
	if (a->opt[OPT_NO_PASSWORD] == NULL) {
		err = password_read(a, &password);
		if (err != NULL)
			return err;
	}
	err = user_add(a->store, a->argv[0], password, names, n);
	password_free(password);
	return err;
}

static const struct err *
user_passwd_run(struct admin *a)
{
	char *password = NULL;
	const struct err *err;
	struct user user;

	err = password_options(a);
	if (err == NULL)
		err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err == NULL && a->opt[OPT_NO_PASSWORD] == NULL)
		err = password_read(a, &password);
	if (err == NULL)
		err = user_set_password(a->store, user.name, password);
	password_free(password);
	return err;
}

static void
print_may(struct admin *a, unsigned int may)
{
	const char *words[RIGHTS_N];
	size_t n = 0;

	for (size_t i = 0; i < RIGHTS_N; i++)
		if ((may & rights[i].bit) != 0)
			words[n++] = rights[i].word;
	out_strs(a->out, "may", words, n);
}

static void
print_user(struct admin *a, const struct user *user,
    const struct credentials *c)
{
	out_str(a->out, "name", user->name);
	print_may(a, user->may);
	out_bool(a->out, "password", c->password != NULL);
	out_str(a->out, "created", admin_time_text(a, user->created));
}

/* What "user set" takes. */
struct setting {
	const char	*name;
	const struct err *(*set)(struct admin *, const char *user,
	    const char *value);
};

static const struct err *
set_capabilities_off(struct admin *a, const char *user, const char *value)
{
	const struct err *err;
	char *words = NULL;

	if (!conf_words(value, &words))
		return admin_usage("\"%s\" is not capabilities with blanks "
		    "between, as in \"IDLE LITERAL+\"", value);
	err = user_set_capabilities_off(a->store, user, words);
	free(words);
	return err;
}

static const struct {
	const char	*word;
	enum user_choice choice;
} choices[] = { { "no", USER_NO }, { "yes", USER_YES },
	{ "default", USER_DEFAULT } };
#define CHOICES_N	(sizeof(choices) / sizeof(choices[0]))

static const struct err *
set_search_index(struct admin *a, const char *user, const char *value)
{
	for (size_t i = 0; i < CHOICES_N; i++)
		if (strcmp(choices[i].word, value) == 0)
			return user_set_search_index(a->store, user,
			    choices[i].choice);
	return admin_usage("\"%s\" is none of no, yes, default", value);
}

static const struct setting settings[] = {
	{ "capabilities-off", set_capabilities_off },
	{ "search-index", set_search_index },
	{ NULL, NULL }
};

static const struct err *
user_set_run(struct admin *a)
{
	struct buf names = { 0 };
	const struct err *err;

	for (const struct setting *s = settings; s->name != NULL; s++)
		if (strcmp(s->name, a->argv[1]) == 0)
			return s->set(a, a->argv[0], a->argv[2]);
	for (const struct setting *s = settings; s->name != NULL; s++) {
		buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", s->name);
	}
	err = admin_usage("\"%s\" is no setting of a user: there is %s",
	    a->argv[1], buf_str(&names));
	buf_clear(&names);
	return err;
}

static const struct err *
user_list_run(struct admin *a)
{
	const struct err *err;
	struct user *users;
	size_t n;

	err = user_list(a->store, a->arena, &users, &n);
	if (err != NULL)
		return err;
	out_list(a->out);
	for (size_t i = 0; err == NULL && i < n; i++) {
		struct credentials c;

		err = credentials_find(a->store, a->arena, users[i].id, &c);
		if (err != NULL)
			break;
		out_row(a->out);
		print_user(a, &users[i], &c);
	}
	out_end(a->out);
	return err;
}

/* Sums over the mailboxes of the user's account. */
static const struct err *
print_account(struct admin *a, const char *name)
{
	struct account *account = NULL;
	struct mailbox_row *rows;
	uint64_t mailboxes = 0, messages = 0, unseen = 0, size = 0;
	const struct err *err;
	size_t n;

	err = admin_account(a, name, &account);
	if (err == NULL)
		err = account_list(account, a->arena, true, &rows, &n);
	account_close(account);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].noselect)
			continue;
		mailboxes++;
		messages += rows[i].messages;
		unseen += rows[i].unseen;
		size += rows[i].size;
	}
	out_uint(a->out, "mailboxes", mailboxes);
	out_uint(a->out, "messages", messages);
	out_uint(a->out, "unseen", unseen);
	out_uint(a->out, "size", size);
	return NULL;
}

static void
print_capabilities_off(struct admin *a, const char *off)
{
	char *rest = arena_strdup(a->arena, off), *word;
	const char **words = arena_array(a->arena, strlen(off) / 2 + 1,
	    sizeof(*words));
	size_t n = 0;

	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			words[n++] = word;
	out_strs(a->out, "capabilities-off", words, n);
}

static const struct err *
user_show_run(struct admin *a)
{
	const struct err *err;
	struct app_password *apps;
	struct credentials c;
	struct grant *grants;
	size_t apps_n;
	const char **texts;
	struct user user;
	size_t n;

	err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err == NULL)
		err = credentials_find(a->store, a->arena, user.id, &c);
	if (err == NULL)
		err = app_password_list(a->store, a->arena, user.id, &apps,
		    &apps_n);
	if (err == NULL)
		err = grant_list(a->store, a->arena, NULL, user.name, &grants,
		    &n);
	if (err != NULL)
		return err;
	texts = arena_array(a->arena, n, sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		char letters[RIGHTS_MAX];

		rights_format(grants[i].rights, letters);
		texts[i] = arena_printf(a->arena, "%s=%s", grants[i].shared,
		    letters);
	}
	out_record(a->out);
	print_user(a, &user, &c);
	out_bool(a->out, "scram", c.scram.iterations != 0);
	out_uint(a->out, "app-passwords", apps_n);
	out_strs(a->out, "grants", texts, n);
	print_capabilities_off(a, user.capabilities_off);
	out_bool(a->out, "search-index", user_search_index(&user, a->conf));
	err = print_account(a, user.name);
	out_end(a->out);
	return err;
}

static const struct err *
user_rename_run(struct admin *a)
{
	return user_rename(a->store, a->argv[0], a->argv[1]);
}

static const struct err *
user_delete_run(struct admin *a)
{
	return user_delete(a->store, a->argv[0]);
}

/* "create,delete" to bits. */
static const struct err *
may_parse(struct admin *a, const char *list, unsigned int *may_r)
{
	char *rest = arena_strdup(a->arena, list), *word;
	unsigned int may = 0;

	while ((word = strsep(&rest, ",")) != NULL) {
		size_t i;

		for (i = 0; i < RIGHTS_N; i++)
			if (strcmp(word, rights[i].word) == 0)
				break;
		if (i == RIGHTS_N)
			return admin_usage("\"%s\" is none of create, rename, "
			    "delete", word);
		may |= rights[i].bit;
	}
	*may_r = may;
	return NULL;
}

static const struct err *
user_may(struct admin *a, bool allow)
{
	const struct err *err;
	unsigned int may = 0;
	struct user user;

	err = may_parse(a, a->argv[1], &may);
	if (err == NULL)
		err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err != NULL)
		return err;
	may = allow ? user.may | may : user.may & ~may;
	return may == user.may ? NULL : user_set_may(a->store, user.name, may);
}

static const struct err *
user_allow_run(struct admin *a)
{
	return user_may(a, true);
}

static const struct err *
user_deny_run(struct admin *a)
{
	return user_may(a, false);
}

const struct verb verbs_user[] = {
	{ .words = "user add",
	  .operands = "NAME [--mailboxes LIST|none] "
	      "[--password-stdin|--no-password]",
	  .help = "add a user with the usual mailboxes",
	  .min = 1, .max = 1,
	  .opts = OPT(OPT_MAILBOXES) | OPT(OPT_PASSWORD_STDIN) |
	      OPT(OPT_NO_PASSWORD), .run = user_add_run },
	{ .words = "user passwd",
	  .operands = "NAME [--password-stdin|--no-password]",
	  .help = "set a user's password",
	  .min = 1, .max = 1,
	  .opts = OPT(OPT_PASSWORD_STDIN) | OPT(OPT_NO_PASSWORD),
	  .run = user_passwd_run },
	{ .words = "user list", .operands = "[--json]",
	  .help = "list all users",
	  .opts = OPT(OPT_JSON), .run = user_list_run },
	{ .words = "user show", .operands = "NAME [--json]",
	  .help = "show one user, with grants and sums",
	  .min = 1, .max = 1, .opts = OPT(OPT_JSON), .run = user_show_run },
	{ .words = "user rename", .operands = "FROM TO",
	  .help = "give a user another name",
	  .min = 2, .max = 2, .run = user_rename_run },
	{ .words = "user delete", .operands = "NAME",
	  .help = "remove a user and all of the user's mail",
	  .min = 1, .max = 1, .run = user_delete_run },
	{ .words = "user allow", .operands = "NAME create,rename,delete",
	  .help = "let a user create, rename, delete mailboxes",
	  .min = 2, .max = 2, .run = user_allow_run },
	{ .words = "user deny", .operands = "NAME create,rename,delete",
	  .help = "take these rights away",
	  .min = 2, .max = 2, .run = user_deny_run },
	{ .words = "user set", .operands = "NAME capabilities-off WORDS | "
	      "search-index yes|no|default",
	  .help = "give a setting of one user a value",
	  .min = 3, .max = 3, .run = user_set_run },
	{ .words = NULL }
};
