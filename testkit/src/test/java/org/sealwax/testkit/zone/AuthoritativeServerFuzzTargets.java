package org.sealwax.testkit.zone;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Hostile queries to the lab's name server. */
public final class AuthoritativeServerFuzzTargets {
  private static final InetAddress FROM = InetAddress.ofLiteral("192.0.2.9");

  /** Too many for the rates ever to matter. */
  private static final int RATE = 1_000_000;

  private AuthoritativeServerFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    FuzzedServer server = new FuzzedServer();
    return List.of(
        FuzzTarget.ofTexts(
            "dns-question",
            server::promise,
            // lab.example MX; the same with OPT, DO and a cookie; ANY; a name that points at
            // itself.
            "\0\1\0\0\0\1\0\0\0\0\0\0\3lab\7example\0\0\17\0\1",
            "\0\2\0\0\0\1\0\0\0\0\0\1\3lab\7example\0\0\17\0\1\0\0\51\4\u00d0\0\0\u0080\0\0\14"
                + "\0\12\0\10abcdefgh",
            "\0\3\1\0\0\1\0\0\0\0\0\0\4none\3lab\7example\0\0\u00ff\0\1",
            "\0\4\0\0\0\1\0\0\0\0\0\0\u00c0\14\0\1\0\1"));
  }

  private static final class FuzzedServer {
    private @Nullable AuthoritativeServer made;

    private synchronized AuthoritativeServer authority() throws IOException {
      AuthoritativeServer there = made;
      if (there == null) {
        Path folder = Files.createTempDirectory("sealwax-fuzz");
        Path file = folder.resolve("key");
        Clock still =
            new Clock() {
              @Override
              public Instant now() {
                return Instant.parse("2026-11-26T08:00:00Z");
              }

              @Override
              public long nanoTime() {
                return System.nanoTime();
              }
            };
        there =
            new AuthoritativeServer(
                new AuthoritativeServerSettings(
                    "lab.example",
                    List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                    List.of("ns1.lab.example"),
                    RATE),
                StoredZoneKey.open(file, "lab.example"),
                still,
                RandomSource.seeded(7));
        Files.delete(file);
        Files.delete(folder);
        there.add(
            List.of(
                Zone.of("lab.example", "@ MX 10 mx\nmx A 192.0.2.1\nto CNAME mx\n")
                    .signed(ZoneSigning.WHITE_LIES),
                Zone.of("tok.lab.example", "* TXT \"x\"\nold DNAME new\n")
                    .signed(ZoneSigning.NSEC3)));
        made = there;
      }
      return there;
    }

    void promise(byte[] input) throws IOException {
      for (boolean stream : new boolean[] {false, true}) {
        Optional<byte[]> out = authority().answer(input, FROM, stream);
        if (out.isPresent()) {
          byte[] answer = out.get();
          holds(answer.length >= 12, "a header");
          holds(answer[0] == input[0] && answer[1] == input[1], "the identifier of the question");
          holds((answer[2] & 0x80) != 0, "an answer");
          holds((answer[3] & 0x80) == 0, "no recursion");
          holds(
              stream || answer.length <= AuthoritativeServer.LARGEST_UDP,
              "no larger than a packet");
          boolean error = (answer[3] & 0xf) == 5;
          holds(
              !error || new String(answer, StandardCharsets.ISO_8859_1).length() <= 512,
              "a refusal is short");
        }
      }
    }
  }
}
