package org.sealwax.router.receive.auth;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.receive.SaslExchange;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Password files, and what clients say inside AUTH. */
public final class AuthFuzzTargets {
  private static final String LINE =
      "joe:" + ScramKeys.of("secret", new byte[16], ScramKeys.MIN_ITERATIONS).line();

  private AuthFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    Path file;
    PasswordFile users;
    try {
      file = Files.createTempFile("sealwax-fuzz", ".passwords");
      file.toFile().deleteOnExit();
      users = open(write(file, LINE.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.of(
        FuzzTarget.ofTexts(
            "password-file", input -> file(file, input), LINE + "\n# c\n\n", "x:y\n"),
        FuzzTarget.ofTexts(
            "scram-server",
            input -> exchange(new ScramServer(users, "server"), input),
            "n,,n=joe,r=abc\nc=biws,r=abcserver,p=AAAA\n",
            "y,a=joe,n=joe,r=abc,x=y\n",
            "n,,n=j=2C=3D,r=abc\nc=biws,r=x,p=" + "A".repeat(44) + "\n"),
        FuzzTarget.ofTexts(
            "plain-server",
            input -> exchange(new Plain(users), input),
            "\0joe\0secre\n",
            "joe\0joe\0x\n",
            "\0\0\n"));
  }

  private static Path write(Path file, byte[] bytes) throws IOException {
    return Files.write(file, bytes);
  }

  private static PasswordFile open(Path file) throws IOException {
    return new PasswordFile(
        file, RandomSource.seeded(1).bytes(32), Clock.system(), new BugLog().log);
  }

  private static void file(Path file, byte[] input) throws IOException {
    write(file, input);
    try {
      open(file).find("joe");
    } catch (IOException e) {
      holds(e.getMessage() != null, "no reason");
      // A line may hold a password unencrypted.
      holds(!String.valueOf(e.getMessage()).contains("secret,"), "the line is shown");
    }
  }

  /** Responses of one exchange, a line each; no user gets in without the password. */
  private static void exchange(SaslExchange exchange, byte[] input) {
    for (byte[] response : lines(input)) {
      switch (exchange.respond(response)) {
        case SaslExchange.SaslStep.Accepted a -> throw new AssertionError("let in: " + a.user());
        case SaslExchange.SaslStep.Challenge c -> holds(c.text().indexOf('\n') < 0, "a line break");
        case SaslExchange.SaslStep.Failed f -> {
          return;
        }
      }
    }
  }

  private static List<byte[]> lines(byte[] input) {
    String latin = new String(input, StandardCharsets.ISO_8859_1);
    return Arrays.stream(latin.split("\n", 5))
        .map(l -> l.getBytes(StandardCharsets.ISO_8859_1))
        .filter(l -> !text(l).contains("secret"))
        .toList();
  }
}
