package org.sealwax.mail.smtp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandParserTest {
  /** Rows: source, line, and how the path reads, or the reply code of a refusal. */
  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "RFC 5321 4.1.1.2 null path        | MAIL FROM:<>                             | ''",
        "RFC 5321 4.1.1.2                  | MAIL FROM:<a@b.example>                  |"
            + " a@b.example",
        "RFC 5321 2.4 case                 | mail from:<A.b@B.EXAMPLE>                |"
            + " A.b@b.example",
        "practice: blank after the colon   | MAIL FROM: <a@b.example>                 |"
            + " a@b.example",
        "RFC 5321 4.1.1 trailing blanks    | MAIL FROM:<a@b.example>                  |"
            + " a@b.example",
        "RFC 5321 app. C source route      | MAIL FROM:<@r.example,@s.example:a@b.example> |"
            + " a@b.example",
        "RFC 5321 4.1.2 quoted             | MAIL FROM:<\"a b\"@b.example>            | \"a"
            + " b\"@b.example",
        "RFC 5321 4.1.2 needless quotes    | MAIL FROM:<\"ab\"@b.example>             |"
            + " ab@b.example",
        "RFC 5321 4.1.2 quoted pair        | MAIL FROM:<\"a\\\"b\"@b.example>         |"
            + " \"a\\\"b\"@b.example",
        "RFC 5321 4.1.2 quoted at          | MAIL FROM:<\"a@c.example\"@b.example>    |"
            + " \"a@c.example\"@b.example",
        "RFC 5321 4.1.3 literal            | MAIL FROM:<a@[192.0.2.1]>                |"
            + " a@[192.0.2.1]",
        "RFC 5321 4.1.3 IPv6 literal       | MAIL FROM:<a@[IPv6:2001:db8::1]>         |"
            + " a@[IPv6:2001:db8::1]",
        "RFC 5321 4.1.3 short IPv4         | MAIL FROM:<a@[127.1]>                    | 501",
        "RFC 5321 4.1.3 mapped             | MAIL FROM:<a@[IPv6:::ffff:192.0.2.1]>    | 501",
        "RFC 5321 4.1.3 zone               | MAIL FROM:<a@[IPv6:fe80::1%1]>           | 501",
        "RFC 5321 4.1.3 octal              | MAIL FROM:<a@[0300.1.2.3.4]>             | 501",
        "no brackets                       | MAIL FROM:a@b.example                    | 501",
        "no domain                         | MAIL FROM:<a>                            | 501",
        "empty local part                  | MAIL FROM:<@b.example>                   | 501",
        "two ats                           | MAIL FROM:<a@b@c.example>                | 501",
        "dots                              | MAIL FROM:<a..b@c.example>               | 501",
        "leading dot                       | MAIL FROM:<.b@c.example>                 | 501",
        "trailing dot in local part        | MAIL FROM:<b.@c.example>                 | 501",
        "trailing dot in domain            | MAIL FROM:<b@c.example.>                 | 501",
        "blank inside                      | MAIL FROM:<a b@c.example>                | 501",
        "blank in the domain               | MAIL FROM:<a@c .example>                 | 501",
        "no end                            | MAIL FROM:<a@c.example                   | 501",
        "text behind                       | MAIL FROM:<a@c.example>x                 | 501",
        "open quote                        | MAIL FROM:<\"a@c.example>                | 501",
        "bare postmaster sends nothing     | MAIL FROM:<postmaster>                   | 501",
        "route to nowhere                  | MAIL FROM:<@r.example:>                  | 501",
        "RFC 1870                          | MAIL FROM:<> SIZE=x                      | 501",
        "RFC 6152                          | MAIL FROM:<> BODY=9BIT                   | 501",
        "RFC 3030 BINARYMIME not offered   | MAIL FROM:<> BODY=BINARYMIME             | 501",
        "RFC 6531 3.4 takes no value       | MAIL FROM:<> SMTPUTF8=1                  | 501",
        "RFC 3461 4.3                      | MAIL FROM:<> RET=ALL                     | 501",
        "RFC 3461 4.4 not xtext            | MAIL FROM:<> ENVID=a+4                   | 501",
        "RFC 5321 4.1.1.11                 | MAIL FROM:<> XFOO=1                      | 555",
        "given twice                       | MAIL FROM:<> SIZE=1 SIZE=1               | 501",
        "no value                          | MAIL FROM:<> SIZE=                       | 501",
        "no FROM                           | MAIL TO:<a@b.example>                    | 501",
      })
  void readsMail(String source, String line, String expected) {
    Command command = CommandParser.parse(line);
    if (expected.length() == 3) {
      assertEquals(
          expected,
          String.valueOf(assertInstanceOf(Command.Malformed.class, command).reply().code()));
    } else {
      assertEquals(expected, assertInstanceOf(Command.Mail.class, command).path().toString());
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "RFC 5321 4.1.1.3                  | RCPT TO:<a@b.example>                    |"
            + " a@b.example",
        "RFC 5321 4.5.1 postmaster         | RCPT TO:<Postmaster>                     | postmaster",
        "RFC 5321 4.5.1 any case           | RCPT TO:<POSTMASTER>                     | postmaster",
        "postmaster with a domain          | RCPT TO:<Postmaster@b.example>           |"
            + " Postmaster@b.example",
        "RFC 5321 app. F.2 source route    | RCPT TO:<@ours.example:a@b.example>      |"
            + " a@b.example",
        "null recipient                    | RCPT TO:<>                               | 501",
        "percent hack is a local part      | RCPT TO:<a%b.example@ours.example>       |"
            + " a%b.example@ours.example",
        "bang path is a local part         | RCPT TO:<b.example!a@ours.example>       |"
            + " b.example!a@ours.example",
        "bang path alone                   | RCPT TO:<b.example!a>                    | 501",
        "quoted at                         | RCPT TO:<\"a@b.example\"@ours.example>   |"
            + " \"a@b.example\"@ours.example",
        "encoded at                        | RCPT TO:<a=40b.example@ours.example>     |"
            + " a=40b.example@ours.example",
        "RFC 3461 4.1                      | RCPT TO:<a@b.example> NOTIFY=NEVER,DELAY | 501",
        "RFC 3461 4.1 twice                | RCPT TO:<a@b.example> NOTIFY=DELAY,DELAY | 501",
        "RFC 3461 4.1 empty                | RCPT TO:<a@b.example> NOTIFY=            | 501",
        "RFC 3461 4.2 no type              | RCPT TO:<a@b.example> ORCPT=a@b.example  | 501",
        "RFC 3461 4.2 no address           | RCPT TO:<a@b.example> ORCPT=rfc822;      | 501",
        "RFC 5321 4.1.1.11                 | RCPT TO:<a@b.example> SIZE=5             | 555",
      })
  void readsRcpt(String source, String line, String expected) {
    Command command = CommandParser.parse(line);
    if (expected.length() == 3) {
      assertEquals(
          expected,
          String.valueOf(assertInstanceOf(Command.Malformed.class, command).reply().code()));
    } else {
      assertEquals(expected, assertInstanceOf(Command.Rcpt.class, command).path().toString());
    }
  }

  @Test
  void readsAllParameters() {
    Command.Mail mail =
        assertInstanceOf(
            Command.Mail.class,
            CommandParser.parse(
                "MAIL FROM:<a@b.example> size=1000 BODY=8bitmime SMTPUTF8 RET=hdrs"
                    + " ENVID=QQ314159 AUTH=<>".replace("<>", "+3C+3E")));
    assertEquals(1000, mail.parameters().size().orElseThrow());
    assertEquals(MailParameters.BodyParameter.EIGHT_BIT, mail.parameters().body());
    assertTrue(mail.parameters().smtputf8());
    assertEquals(MailParameters.ReturnParameter.HEADERS, mail.parameters().content());
    assertEquals("QQ314159", mail.parameters().envelopeId());
    Command.Rcpt rcpt =
        assertInstanceOf(
            Command.Rcpt.class,
            CommandParser.parse(
                "RCPT TO:<a@b.example> NOTIFY=success,FAILURE ORCPT=rfc822;a+40b.example"));
    assertEquals(
        Set.of(DsnRequest.NotifyEvent.SUCCESS, DsnRequest.NotifyEvent.FAILURE),
        rcpt.parameters().when());
    assertEquals("rfc822;a+40b.example", rcpt.parameters().originalRecipient());
  }

  @Test
  void detectsPathsThatNeedSmtpUtf8() {
    Command.Mail local =
        assertInstanceOf(Command.Mail.class, CommandParser.parse("MAIL FROM:<ü@b.example>"));
    assertTrue(local.international());
    Command.Rcpt domain =
        assertInstanceOf(Command.Rcpt.class, CommandParser.parse("RCPT TO:<a@bücher.example>"));
    assertTrue(domain.international());
    assertEquals("a@xn--bcher-kva.example", domain.path().toString());
    assertFalse(
        assertInstanceOf(Command.Rcpt.class, CommandParser.parse("RCPT TO:<a@b.example>"))
            .international());
  }

  @Test
  void limitsHoldExactly() {
    String local = "x".repeat(SmtpLimits.LOCAL_PART);
    assertInstanceOf(
        Command.Mail.class, CommandParser.parse("MAIL FROM:<" + local + "@b.example>"));
    assertInstanceOf(
        Command.Malformed.class, CommandParser.parse("MAIL FROM:<" + local + "x@b.example>"));
    String id = "x".repeat(SmtpLimits.ENVELOPE_ID);
    assertInstanceOf(Command.Mail.class, CommandParser.parse("MAIL FROM:<> ENVID=" + id));
    assertInstanceOf(Command.Malformed.class, CommandParser.parse("MAIL FROM:<> ENVID=x" + id));
    String original = "rfc822;" + "x".repeat(SmtpLimits.ORIGINAL_RECIPIENT - 7);
    assertInstanceOf(
        Command.Rcpt.class, CommandParser.parse("RCPT TO:<a@b.example> ORCPT=" + original));
    assertInstanceOf(
        Command.Malformed.class,
        CommandParser.parse("RCPT TO:<a@b.example> ORCPT=" + original + "x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "EHLO",
        "EHLO a b",
        "EHLO (x)",
        "HELO",
        "DATA x",
        "RSET x",
        "QUIT x",
        "STARTTLS x",
        "BDAT",
        "BDAT -1",
        "BDAT x",
        "BDAT 5 FIRST",
        "AUTH",
        "AUTH PLAIN ",
        "AUTH PLAIN a b",
        "MAIL",
        "RCPT"
      })
  void refusesBadArguments(String line) {
    if (line.equals("AUTH PLAIN ")) {
      assertInstanceOf(Command.Auth.class, CommandParser.parse(line));
    } else {
      assertEquals(
          501, assertInstanceOf(Command.Malformed.class, CommandParser.parse(line)).reply().code());
    }
  }

  @Test
  void readsTheRest() {
    assertEquals(new Command.Ehlo("[192.0.2.1]"), CommandParser.parse("ehlo [192.0.2.1]"));
    assertEquals(new Command.Bdat(86, false), CommandParser.parse("BDAT 86"));
    assertEquals(new Command.Bdat(0, true), CommandParser.parse("bdat 0 last"));
    assertEquals(new Command.Auth("PLAIN", "AGE="), CommandParser.parse("auth plain AGE="));
    assertEquals(new Command.Auth("PLAIN", "="), CommandParser.parse("AUTH PLAIN ="));
    assertEquals(
        new Command.Auth("SCRAM-SHA-256", null), CommandParser.parse("AUTH SCRAM-SHA-256"));
    assertEquals(new Command.Noop(), CommandParser.parse("NOOP whatever"));
    assertEquals(new Command.Quit(), CommandParser.parse("QUIT  \t"));
    assertEquals(new Command.Unknown("GET"), CommandParser.parse("GET / HTTP/1.1"));
    assertEquals(new Command.Unknown(""), CommandParser.parse(""));
  }

  @Test
  void neverThrowsAndEveryReadPathReadsTheSameAgain() {
    Random random = new Random(3);
    String[] parts = {
      "MAIL FROM:",
      "RCPT TO:",
      "<",
      ">",
      "@",
      "a",
      "\"",
      "\\",
      ".",
      "b.example",
      ":",
      ",",
      " ",
      "SIZE=",
      "9",
      "[",
      "]",
      "IPv6:",
      "::1",
      "192.0.2.1",
      "postmaster",
      "ü",
      "%",
      "!",
      "=",
      "ORCPT=",
      "rfc822;",
      "+",
      "NOTIFY=NEVER",
      "\t",
      "\u0085",
      "BDAT ",
      "AUTH "
    };
    for (int round = 0; round < 60_000; round++) {
      StringBuilder line = new StringBuilder(random.nextBoolean() ? "MAIL FROM:<" : "RCPT TO:<");
      for (int i = random.nextInt(12); i > 0; i--) {
        line.append(parts[random.nextInt(parts.length)]);
      }
      Command command = CommandParser.parse(line.toString());
      assertNotNull(command);
      if (command instanceof Command.Rcpt rcpt && rcpt.path() instanceof ForwardPath.ToMailbox to) {
        assertEquals(
            to.mailbox(),
            MailboxParser.parse(to.mailbox().toString()).orElseThrow(),
            line.toString());
      }
    }
  }

  /** In a reply, a question mark stands for a byte that is not printable, never for a space. */
  @Test
  void repliesNameWhatIsWrongInPlainWords() {
    String[] parts = {
      "MAIL FROM:<a@b.example>",
      "RCPT TO:<a@b.example>",
      "EHLO x",
      "HELO",
      "BDAT",
      "AUTH",
      "DATA x",
      " RET=",
      " ENVID=",
      " ORCPT=rfc822;",
      " NOTIFY=NEVER",
      ",SUCCESS",
      " SIZE=",
      "=",
      " BODY=8",
      " AUTH=",
      " SMTPUTF8",
      " REQUIRETLS",
      " X=1",
      " LAST",
      " 7",
      "<",
      ">",
      "@",
      ":",
      "x.y",
      "\""
    };
    Random random = new Random(7);
    for (int round = 0; round < 40_000; round++) {
      StringBuilder line = new StringBuilder(parts[random.nextInt(7)]);
      for (int i = random.nextInt(5); i > 0; i--) {
        line.append(parts[7 + random.nextInt(parts.length - 7)]);
      }
      if (CommandParser.parse(line.toString()) instanceof Command.Malformed wrong) {
        assertFalse(wrong.reply().toString().contains("?"), line + " -> " + wrong.reply());
      }
    }
  }

  @Test
  void onlyAsciiLettersMatchKeywords() {
    // U+017F and U+212A fold to s and k, U+0131 to i: a filter before us would not have seen it.
    assertInstanceOf(Command.Unknown.class, CommandParser.parse("\u017ftarttls"));
    assertInstanceOf(Command.Unknown.class, CommandParser.parse("R\u017fET"));
    assertInstanceOf(Command.Unknown.class, CommandParser.parse("MA\u0131L FROM:<a@b.example>"));
    assertInstanceOf(Command.Malformed.class, CommandParser.parse("BDAT 1 LA\u017fT"));
    assertInstanceOf(Command.Malformed.class, CommandParser.parse("RCPT TO:<po\u017ftmaster>"));
    assertInstanceOf(
        Command.Malformed.class, CommandParser.parse("MAIL FROM:<a@b.example> \u017fIZE=1"));
  }

  /** As filters get them. */
  @Test
  void parametersAreWrittenAsTheyWereGiven() {
    for (String line :
        List.of(
            "MAIL FROM:<a@b.example>",
            "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 REQUIRETLS",
            "MAIL FROM:<a@b.example> BODY=7BIT RET=HDRS ENVID=a+20b AUTH=c+40d",
            "MAIL FROM:<a@b.example> RET=FULL",
            "RCPT TO:<a@b.example> NOTIFY=NEVER",
            "RCPT TO:<a@b.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a@b.example")) {
      List<String> words =
          switch (CommandParser.parse(line)) {
            case Command.Mail mail -> mail.parameters().words();
            case Command.Rcpt rcpt -> rcpt.parameters().words();
            case Command other -> List.of(other.toString());
          };
      assertEquals(
          line,
          String.join(" ", line.substring(0, line.indexOf('>') + 1), String.join(" ", words))
              .strip());
    }
  }
}
