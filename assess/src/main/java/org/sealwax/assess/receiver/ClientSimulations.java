package org.sealwax.assess.receiver;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.NamedGroup;
import org.sealwax.mail.tls.wire.PresentationWriter;
import org.sealwax.mail.tls.wire.Records;

/**
 * The ClientHellos of mail routers in use, replayed (data: {@code senders.tsv}): as captured, byte
 * by byte except for the random, or made from what is published about them.
 */
final class ClientSimulations {
  private static final List<SimulatedClient> ALL = load();

  /** The base point of P-256 (SEC 2, 2.4.2): random bytes are not a point. */
  private static final String POINT =
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
          + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

  /** Bytes of ML-KEM-768's key; zeros pass the check of FIPS 203 7.2. */
  private static final int ENCAPSULATION_KEY = 1_184;

  private final AddressScan scan;
  private final FindingLog findings;

  ClientSimulations(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  /**
   * Offset of the random of a ClientHello in its record: after header, type, length and version.
   */
  private static final int RANDOM_AT = 11;

  private static final int RANDOM = 32;

  /** One row of the table; {@code raw} is the captured ClientHello in hex, or empty. */
  record SimulatedClient(
      String name,
      boolean legacy,
      String raw,
      int version,
      List<Integer> versions,
      List<Integer> suites,
      List<Integer> groups,
      List<Integer> schemes,
      List<Integer> shares) {
    /** The records as that router writes them, with a random of their own. */
    byte[] records(RandomSource random, String serverName) {
      if (raw.isEmpty()) {
        return hello(random, serverName).records();
      }
      byte[] bytes = HexFormat.of().parseHex(raw);
      System.arraycopy(random.bytes(RANDOM), 0, bytes, RANDOM_AT, RANDOM);
      return bytes;
    }

    private ClientHelloBuilder hello(RandomSource random, String serverName) {
      ClientHelloBuilder hello =
          new ClientHelloBuilder(version).random(random.bytes(RANDOM)).suites(suites);
      if (version <= Records.SSL3) {
        return hello.withoutExtensions();
      }
      if (!versions.isEmpty()) {
        hello.sessionId(random.bytes(32));
      }
      if (!legacy) {
        hello.serverName(serverName);
      }
      if (!groups.isEmpty()) {
        hello.pointFormats().groups(groups);
      }
      hello.extension(ClientHelloBuilder.SESSION_TICKET);
      if (!legacy) {
        hello.extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET);
      }
      if (!schemes.isEmpty()) {
        hello.schemes(schemes);
      }
      if (!versions.isEmpty()) {
        hello.versions(versions).extension(ClientHelloBuilder.PSK_MODES, (byte) 1, (byte) 1);
        List<ClientHelloBuilder.KeyShare> all = new ArrayList<>();
        shares.forEach(g -> all.add(new ClientHelloBuilder.KeyShare(g, share(g, random))));
        hello.shares(all);
      }
      return hello;
    }

    /**
     * A client's share (RFC 8446 4.2.8.2, draft-ietf-tls-ecdhe-mlkem) that a server accepts: its
     * private key is never used.
     */
    private static byte[] share(int group, RandomSource random) {
      byte[] last = random.bytes(32);
      return switch (group) {
        case NamedGroup.SECP256R1 -> HexFormat.of().parseHex(POINT);
        case NamedGroup.X25519MLKEM768 ->
            new PresentationWriter().bytes(new byte[ENCAPSULATION_KEY]).bytes(last).done();
        default -> last;
      };
    }
  }

  /** All rows. */
  static List<SimulatedClient> all() {
    return ALL;
  }

  private static List<SimulatedClient> load() {
    List<SimulatedClient> all = new ArrayList<>();
    for (String row : ResourceTable.rows("senders.tsv")) {
      String[] part = row.split("\t", -1);
      boolean legacy = part[1].equals("legacy");
      if (part[2].equals("raw")) {
        List<Integer> none = List.of();
        all.add(new SimulatedClient(part[0], legacy, part[3], 0, none, none, none, none, none));
        continue;
      }
      all.add(
          new SimulatedClient(
              part[0],
              legacy,
              "",
              Integer.parseInt(part[2], 16),
              numbers(part[3]),
              numbers(part[4]),
              numbers(part[5]),
              numbers(part[6]),
              numbers(part[7])));
    }
    return List.copyOf(all);
  }

  private static List<Integer> numbers(String text) {
    List<Integer> all = new ArrayList<>();
    for (String word : text.split(" ")) {
      if (!word.isEmpty()) {
        all.add(Integer.parseInt(word, 16));
      }
    }
    return List.copyOf(all);
  }

  /** Replays them all. */
  void replay() throws ProbeFailed, InterruptedException {
    List<String> answered = new ArrayList<>();
    List<String> current = new ArrayList<>();
    List<String> legacy = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    for (SimulatedClient sender : ALL) {
      scan.visit().reportProgress("the ClientHello of " + sender.name());
      HelloResponse answer = scan.ask(List.of(sender.records(scan.random(), scan.serverName())));
      if (answer.accepted()) {
        answered.add(sender.name());
      } else if (answer.refused()) {
        (sender.legacy() ? legacy : current).add(sender.name() + " (" + answer.text() + ")");
      } else {
        silent.add(sender.name());
      }
    }
    if (!current.isEmpty()) {
      findings.fail("mta-sim", "current", "these cannot connect: " + String.join(", ", current));
    }
    if (!legacy.isEmpty()) {
      findings.warn("mta-sim", "legacy", "these cannot connect: " + String.join(", ", legacy));
    }
    if (!silent.isEmpty()) {
      findings.inconclusive("mta-sim", "no answer to " + String.join(", ", silent));
    } else if (current.isEmpty() && legacy.isEmpty()) {
      findings.pass("mta-sim", "these connect: " + String.join(", ", answered));
    }
  }
}
