package org.sealwax.router.route;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.router.route.InvalidFileException.FileError;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** The files of forwarding, next hops, and rewritten senders. */
public final class ForwardFuzzTargets {
  private static final Domain LOCAL_DOMAIN = Domain.of("fwd.example.org");
  private static final Instant NOW = Instant.parse("2026-11-23T22:20:35Z");
  private static final Srs SRS =
      new Srs(
          ForwardSettings.SenderRewriting.of(
              LOCAL_DOMAIN,
              Path.of("/nowhere"),
              SettingsRecord.defaults(ForwardSettings.StoredSenderLimits.class, Map.of())),
          List.of("a secret of thirty-two octets...".getBytes(StandardCharsets.US_ASCII)));

  private ForwardFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    Path file = file();
    return List.of(
        FuzzTarget.ofTexts(
            "alias-file",
            input -> aliases(file, input),
            "# comment\nbugs: pipe:tracker, alice@example.org\nalice: alice@example.org # x\n",
            "\"odd name\": alice@b.example\nteam: a@b.example,\n   c@d.example\n",
            "info@b.example: bob@example.net\n*: postmaster@example.org\n@b.example: bob@c.example",
            "a: :include:list\nb: |/bin/sh\nc: /var/mail/c\nd:\na: a@b.example\n",
            "\u00c3\u00a9: a@\u00c3\u00a9.example\n"),
        FuzzTarget.ofTexts(
            "recipient-file",
            input -> recipients(file, input),
            "alice\nbob@relay.example OK\n# c\n\"odd name\"@relay.example\n",
            "x@other.example\n\u00c3\u00a9\n"),
        FuzzTarget.ofTexts(
            "secret-file",
            input -> secrets(file, input),
            "0123456789abcdef0123456789abcdef\n",
            "# c\nshort\n"),
        FuzzTarget.ofTexts(
            "next-hop",
            ForwardFuzzTargets::hop,
            "mx",
            "pipe:x",
            "host.example:25",
            "[192.0.2.1]:2525",
            "[2001:db8::1]",
            "[IPv6:2001:db8::1%eth0]",
            "1.2.3",
            "|x"),
        FuzzTarget.ofTexts(
            "srs",
            ForwardFuzzTargets::srs,
            "user@a.example",
            rewritten(new Mailbox("user", Domain.of("a.example"))).toString(),
            rewritten(new Mailbox("SRS0=AAAA=BB=c.example=d", Domain.of("o.example"))).toString(),
            rewritten(new Mailbox("SRS1=AAAA=f.example==x=y=z=d", Domain.of("o.example")))
                .toString(),
            rewritten(new Mailbox("u".repeat(64), Domain.of("a.example"))).toString(),
            "u".repeat(60) + "@a.example",
            "SRS0=AAAA=BB=" + "c".repeat(45) + "@o.example",
            "SRS0=@fwd.example.org",
            "SRS0+AAAAAA==@fwd.example.org"));
  }

  private static Path file() {
    try {
      Path file = Files.createTempFile("sealwax-fuzz", ".txt");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void aliases(Path file, byte[] input) throws IOException {
    Files.write(file, input);
    for (boolean caseSensitive : new boolean[] {true, false}) {
      try {
        AliasTable table = AliasFile.read(file, caseSensitive, Set.of("tracker")).value();
        for (String name : table.names()) {
          table.named(name, LOCAL_DOMAIN);
        }
        table.any(LOCAL_DOMAIN);
      } catch (InvalidFileException e) {
        inside(e, input);
      } catch (IOException e) {
        holds(e.getMessage() != null, "no reason");
      }
    }
  }

  private static void inside(InvalidFileException e, byte[] input) {
    long lines = Math.max(1, text(input).lines().count());
    holds(!e.flaws().isEmpty(), "trouble without a flaw");
    for (FileError flaw : e.flaws()) {
      holds(flaw.line() >= 1 && flaw.line() <= lines, flaw + " is outside");
      holds(flaw.column() >= 1 && flaw.column() <= flaw.text().length() + 1, flaw + " is outside");
      holds(!flaw.problem().isBlank() && !flaw.toString().isBlank(), "a flaw without words");
    }
  }

  private static void recipients(Path file, byte[] input) throws IOException {
    Files.write(file, input);
    try {
      RecipientFile.read(file, Domain.of("relay.example"));
    } catch (InvalidFileException e) {
      inside(e, input);
    } catch (IOException e) {
      holds(e.getMessage() != null, "no reason");
    }
  }

  private static void secrets(Path file, byte[] input) throws IOException {
    Files.write(file, input);
    try {
      for (byte[] secret : SrsSecretFile.read(file).value()) {
        holds(secret.length >= SrsSecretFile.MIN_LENGTH, "a short secret");
      }
    } catch (IOException e) {
      holds(e.getMessage() != null, "no reason");
    }
  }

  private static void hop(byte[] input) {
    String text = text(input);
    try {
      if (ConfiguredHop.parse(text) instanceof ConfiguredHop.Host host) {
        holds(host.port() >= 1 && host.port() <= 65_535, "port " + host.port());
      }
    } catch (InvalidSetting e) {
      int character = e.character().orElse(-1);
      holds(character >= 0 && character <= text.length(), e + " is outside");
      holds(!e.text().isBlank(), "no reason");
    }
  }

  private static Mailbox rewritten(Mailbox sender) {
    return switch (SRS.rewritten(sender, NOW)) {
      case Srs.Rewritten.Address a -> a.address();
      case Srs.Rewritten.WithToken t -> t.address();
      case Srs.Rewritten.Unchanged u -> sender;
    };
  }

  private static void srs(byte[] input) {
    Mailbox mailbox = MailboxParser.parse(text(input)).orElse(null);
    if (mailbox == null) {
      return;
    }
    Srs.Rewritten result = SRS.rewritten(mailbox, NOW);
    Mailbox rewritten = rewritten(mailbox);
    if (result instanceof Srs.Rewritten.Unchanged) {
      holds(!(mailbox.domain() instanceof Domain), mailbox + " was not rewritten");
    } else {
      holds(
          rewritten.toString().getBytes(StandardCharsets.UTF_8).length
              <= Mailbox.MAX_LOCAL_PART + 1 + LOCAL_DOMAIN.name().length(),
          "too long");
      holds(
          MailboxParser.parse(rewritten.toString()).filter(rewritten::equals).isPresent(),
          rewritten + " cannot be said");
      switch (SRS.reversed(rewritten, NOW)) {
        case Srs.Reversed.OriginalSender back ->
            holds(
                !rewritten.localPart().startsWith("SRS0") || back.original().equals(mailbox),
                rewritten + " comes back as " + back);
        case Srs.Reversed.StoredSender stored ->
            holds(
                result instanceof Srs.Rewritten.WithToken made
                    && made.token().text().equals(stored.token()),
                rewritten + " has another token: " + stored);
        case Srs.Reversed.Refused r -> holds(false, rewritten + " does not come back: " + r);
        case Srs.Reversed.NotRewritten n -> holds(false, rewritten + " is not seen");
      }
    }
    if (SRS.reversed(mailbox, NOW) instanceof Srs.Reversed.OriginalSender to) {
      holds(
          MailboxParser.parse(to.original().toString()).filter(to.original()::equals).isPresent(),
          to + " cannot be said");
    }
  }
}
