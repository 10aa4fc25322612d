package org.sealwax.router.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.message.AddressList;

/** How local programs have called sendmail for forty years, and what they hand in. */
final class SendmailArgumentsTest {
  private static List<String> split(String line) {
    return line.isEmpty() ? List.of() : Arrays.asList(line.split(" "));
  }

  /** Command line; mode, -t, -i, sender, notify, recipients. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          root                        | MESSAGE | false | false | -           | -               | root
          -t                          | MESSAGE | true  | false | -           | -               |
          -t -i                       | MESSAGE | true  | true  | -           | -               |
          -ti                         | MESSAGE | true  | true  | -           | -               |
          -oi -t                      | MESSAGE | true  | true  | -           | -               |
          -i -f cron@a.example b      | MESSAGE | false | true  | cron@a.example | -            | b
          -fcron@a.example b          | MESSAGE | false | false | cron@a.example | -            | b
          -r cron@a.example b         | MESSAGE | false | false | cron@a.example | -            | b
          -f <> b                     | MESSAGE | false | false |             | -               | b
          -FCron-Daemon -oem -odi b   | MESSAGE | false | false | -           | -               | b
          -F Name -i -B 8BITMIME b    | MESSAGE | false | true  | -           | -               | b
          -N success,delay b          | MESSAGE | false | false | -           | SUCCESS,DELAY   | b
          -N never -- -odd            | MESSAGE | false | false | -           | NEVER           | -odd
          -O IgnoreDots=true b        | MESSAGE | false | true  | -           | -               | b
          -bm -v -n b                 | MESSAGE | false | false | -           | -               | b
          -d0.1 -G -U b               | MESSAGE | false | false | -           | -               | b
          -X /tmp/log -L tag -h 3 b   | MESSAGE | false | false | -           | -               | b
          -bs                         | SMTP    | false | false | -           | -               |
          -bp                         | QUEUE   | false | false | -           | -               |
          -bi                         | NOTHING | false | false | -           | -               |
          -q                          | NOTHING | false | false | -           | -               |
          -q15m                       | NOTHING | false | false | -           | -               |
          -I                          | NOTHING | false | false | -           | -               |
          --config x.toml -t -i       | MESSAGE | true  | true  | -           | -               |
          """)
  void readsTheOptionsOfPrograms(
      String line,
      SendmailArguments.Mode mode,
      boolean fromHeader,
      boolean dotIsData,
      String from,
      String notify,
      String recipients)
      throws Arguments.UsageError {
    SendmailArguments read = SendmailArguments.read(split(line));
    assertEquals(mode, read.mode());
    assertEquals(fromHeader, read.recipientsFromHeader());
    assertEquals(dotIsData, read.dotIsData());
    assertEquals(notify, read.notifyWhen());
    if (!line.contains("<>")) {
      assertEquals(from, read.from());
    } else {
      assertEquals("", read.from());
    }
    assertEquals(recipients == null ? List.of() : List.of(recipients), read.recipients());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-f", "-Z", "-bd", "-bt", "-N often x", "-R some x", "-y"})
  void rejectsUnsupportedModes(String line) {
    assertThrows(Arguments.UsageError.class, () -> SendmailArguments.read(split(line)));
  }

  /** RFC 5322 3.4 and looser; {@code ~} stands between results. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a@x.example                                 | a@x.example
          a@x.example, b@y.example                    | a@x.example~b@y.example
          Ann <a@x.example>                           | a@x.example
          "Doe, Ann" <a@x.example>, b                 | a@x.example~b
          a@x.example (Ann, at work)                  | a@x.example
          team: a@x.example, Bob <b@y.example>;       | a@x.example~b@y.example
          undisclosed-recipients:;                    |
          "odd@local"@x.example                       | "odd@local"@x.example
          <@hop.example:a@x.example>                  | a@x.example
          a @ x . example                             | a@x.example
          root                                        | root
          Ann (x (nested) y) <a@x.example>            | a@x.example
          , ,a@x.example,                             | a@x.example
          "unclosed <a@x.example>                     | "unclosed <a@x.example>
          """)
  void findsTheAddressesOfAField(String field, String addresses) {
    List<String> expected = addresses == null ? List.of() : Arrays.asList(addresses.split("~"));
    assertEquals(expected, AddressList.of(field));
  }

  private static String sent(String text, boolean dotIsData) throws IOException {
    LocalMessage message =
        new LocalMessage(
            new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)), dotIsData);
    message.withoutBcc();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    message.write(out);
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          `To: a\\n\\nx\\n`                  | true  | `To: a\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `To: a\\r\\n\\r\\nx`               | true  | `To: a\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `To: a\\n\\nx\\n.\\ny\\n`            | true  | `To: a\\r\\n\\r\\nx\\r\\n..\\r\\ny\\r\\n.\\r\\n`
          `To: a\\n\\nx\\n.\\ny\\n`            | false | `To: a\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `To: a\\nBcc: b,\\n c\\nX: y\\n\\nx` | true  | `To: a\\r\\nX: y\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `no header at all\\n`              | true  | `\\r\\nno header at all\\r\\n.\\r\\n`
          ` c: d\\nTo: a\\n\\nx\\n`              | true  | `\\r\\n c: d\\r\\nTo: a\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `\\tc\\nx\\n`                       | true  | `\\r\\n\\tc\\r\\nx\\r\\n.\\r\\n`
          `To: a\\nno field\\nBcc: b\\n`       | true  | `To: a\\r\\n\\r\\nno field\\r\\nBcc: b\\r\\n.\\r\\n`
          `From b Mon Jan 1\\nTo: a\\n\\nx\\n` | true  | `To: a\\r\\n\\r\\nx\\r\\n.\\r\\n`
          `To: a\\n\\n.hidden\\n`             | true  | `To: a\\r\\n\\r\\n..hidden\\r\\n.\\r\\n`
          `To: a\\n\\none\\rtwo\\n`            | true  | `To: a\\r\\n\\r\\none\\r\\ntwo\\r\\n.\\r\\n`
          ``                                 | true  | `\\r\\n.\\r\\n`
          """)
  void writesMessagesInSmtpForm(String text, boolean dotIsData, String wire) throws IOException {
    assertEquals(unescaped(wire), sent(unescaped(text), dotIsData));
  }

  private static String unescaped(String text) {
    return text.replace("\\r", "\r").replace("\\n", "\n");
  }

  @Test
  void limitsTheHeaderSize() throws IOException {
    String line = "X: " + "y".repeat(995) + "\n";
    String fits = line.repeat(LocalMessage.MAX_HEADER / line.length());
    sent(fits + "\n", true);
    assertThrows(IOException.class, () -> sent(fits + line + line + "\n", true));
  }

  @Test
  void readsFoldedRecipients() throws IOException {
    LocalMessage message =
        new LocalMessage(
            new ByteArrayInputStream(
                "To: a@x.example,\n\tb@y.example\nCc: c\nBcc: d\n\n"
                    .getBytes(StandardCharsets.UTF_8)),
            true);
    assertEquals(List.of("a@x.example", "b@y.example", "c", "d"), message.recipients());
  }
}
