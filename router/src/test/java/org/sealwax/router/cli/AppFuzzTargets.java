package org.sealwax.router.cli;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.message.AddressList;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.DotReader;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.SmtpFlaw;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** What local programs hand to sendmail. */
public final class AppFuzzTargets {
  private static final Pattern BCC = Pattern.compile("(?im)^bcc[ \t]*:");

  private static final Path NONE = Path.of("/nowhere");

  private AppFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "sendmail-arguments",
            AppFuzzTargets::arguments,
            "-t\n-i\n-f\na@b.example\nc@d.example",
            "-oi\n-bs",
            "-N\nsuccess,delay\n-R\nhdrs\n-V\nx\n--\n-x",
            "--config=/x\n-bm\n-Fname\n-q10m"),
        FuzzTarget.ofTexts(
            "command-line",
            AppFuzzTargets::commandLine,
            "hold\n--all\n--limit\n5\nid",
            "--config=/x\nlist\n--json\n--domain\nb.example",
            "show\n--\n-h\n",
            "-h\n\n--limit=\n-"),
        FuzzTarget.ofTexts(
            "local-message",
            AppFuzzTargets::message,
            "From: a@b.example\nTo: c@d.example\nBcc: e@f.example,\n g@h.example\n\nbody\n.\nx\n",
            "From someone Mon\nSubject: x\r\nBcc : x\r\n\r\n..\r\n",
            "no header at all\n",
            "A: b\rB: c\r\rbody\r",
            ".\n"),
        FuzzTarget.ofTexts(
            "address-list",
            AppFuzzTargets::addresses,
            "a@b.example, \"c, d\" <e@f.example>, (comment (nested)) g",
            "team: a@b.example, c@d.example;, <@r.example:x@y.example>",
            "\"a\\\"b\"@c.example"));
  }

  /** What is read was given, in this order. */
  private static void commandLine(byte[] input) {
    List<String> words = List.of(text(input).split("\n", -1));
    ProcessEnvironment process =
        new ProcessEnvironment(
            Map.of(), InputStream.nullInputStream(), System.out, System.err, "", NONE, NONE);
    try {
      Arguments read = new QueueCommand(process).command().read(words);
      int from = 0;
      for (String operand : read.operands()) {
        int at = words.subList(from, words.size()).indexOf(operand);
        holds(at >= 0, "an operand, or their order");
        from += at + 1;
      }
    } catch (Arguments.UsageError e) {
      holds(e.getMessage() != null, "no reason");
    }
  }

  private static void arguments(byte[] input) {
    try {
      SendmailArguments read = SendmailArguments.read(List.of(text(input).split("\n", -1)));
      holds(read.recipients() != null, "nobody");
    } catch (Arguments.UsageError e) {
      holds(e.getMessage() != null, "no reason");
    }
  }

  /** One message comes out, whole, with CRLF alone, without Bcc. */
  private static void message(byte[] input) throws IOException {
    for (boolean dotIsData : new boolean[] {true, false}) {
      LocalMessage message = new LocalMessage(new ByteArrayInputStream(input), dotIsData);
      message.recipients();
      message.internationalHeader();
      message.withoutBcc();
      message.add("Date: x");
      ByteArrayOutputStream wire = new ByteArrayOutputStream();
      message.write(wire);
      LineReader lines = new LineReader(new ByteArrayInputStream(wire.toByteArray()));
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      BodySummary summary = new DotReader(lines, 1_000_000).readInto(body::write);
      holds(summary.complete() && lines.buffered() == 0, "not one message");
      holds(summary.flaw() == null || summary.flaw() == SmtpFlaw.NUL, "flaw " + summary.flaw());
      String whole = body.toString(StandardCharsets.ISO_8859_1);
      int end = whole.indexOf("\r\n\r\n");
      String header = end < 0 ? whole : whole.substring(0, end);
      holds(summary.flaw() != null || !BCC.matcher(header).find(), "Bcc is shown");
    }
  }

  private static void addresses(byte[] input) {
    for (String address : AddressList.of(text(input))) {
      holds(!address.isEmpty(), "an empty address");
    }
  }
}
