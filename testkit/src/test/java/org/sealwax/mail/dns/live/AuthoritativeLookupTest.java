package org.sealwax.mail.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/** Each authoritative server is asked by itself, also the one that does not answer. */
final class AuthoritativeLookupTest {
  private static final String KEY = "3 1 1 " + "ab".repeat(32);

  @Test
  void eachServerIsQueriedSeparately() throws Exception {
    String text =
        """
        @ 300 IN NS ns1
        @ 300 IN NS ns2
        ns1 300 IN A 127.0.0.1
        ns2 300 IN A 127.0.0.2
        _25._tcp.mx 300 IN TLSA %s
        s1._domainkey 300 IN TXT "v=DKIM1; " "p=x"
        s2._domainkey 300 IN CNAME s2.provider.example.
        """
            .formatted(KEY);
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("example.org", text))) {
      DnsSettings settings = DnsSettings.defaults().withResolvers(List.of(server.address()));
      AuthoritativeLookup all =
          new AuthoritativeLookup(
              settings,
              Clock.system(),
              RandomSource.secure(),
              a -> true,
              server.address().getPort());
      Map<String, String> answers = all.tlsa(Domain.of("_25._tcp.mx.example.org"));
      assertEquals(2, answers.size(), answers.toString());
      String one = answers.getOrDefault("ns1.example.org (127.0.0.1)", "");
      assertTrue(one.startsWith("3 1 1 AB"), answers.toString());
      String two = answers.getOrDefault("ns2.example.org (127.0.0.2)", "");
      assertTrue(two.contains("127.0.0.2"), answers.toString());
      Map<String, DnsAnswer<TlsaRecord>> records =
          all.tlsaRecords(Domain.of("_25._tcp.mx.example.org"));
      assertEquals(
          KEY.toLowerCase(Locale.ROOT),
          of(records, "ns1.example.org (127.0.0.1)").records().getFirst().toString());
      assertEquals(
          DnsAnswer.Kind.UNKNOWN, of(records, "ns2.example.org (127.0.0.2)").kind(), "silent");
      Map<String, DnsAnswer<String>> texts = all.txt(Domain.of("s1._domainkey.example.org"));
      assertEquals(
          List.of("v=DKIM1; p=x"), of(texts, "ns1.example.org (127.0.0.1)").records(), "joined");
      assertEquals(
          DnsAnswer.Kind.UNKNOWN, of(texts, "ns2.example.org (127.0.0.2)").kind(), "silent");
      assertEquals(
          DnsAnswer.Kind.NO_NAME,
          of(all.txt(Domain.of("s3._domainkey.example.org")), "ns1.example.org (127.0.0.1)")
              .kind());
      // The records of an alias are those of another zone.
      assertEquals(
          Set.of("ns2.example.org (127.0.0.2)"),
          all.txt(Domain.of("s2._domainkey.example.org")).keySet());
      AuthoritativeLookup guarded =
          new AuthoritativeLookup(
              settings,
              Clock.system(),
              RandomSource.secure(),
              a -> false,
              server.address().getPort());
      assertEquals(Map.of(), guarded.tlsa(Domain.of("_25._tcp.mx.example.org")));
    }
  }

  /** Answers each query over UDP with nothing but a response code, which the test chooses. */
  private static final class CodeServer implements AutoCloseable {
    private static final Record SOA =
        new SOARecord(
            Name.fromConstantString("example.org."),
            DClass.IN,
            60,
            Name.fromConstantString("ns2.example.org."),
            Name.fromConstantString("hostmaster.example.org."),
            1,
            60,
            60,
            60,
            60);

    private final DatagramSocket socket;
    volatile int code;

    CodeServer(InetSocketAddress address) throws IOException {
      socket = new DatagramSocket(address);
      Threads.start("codes", this::serve);
    }

    private void serve() {
      byte[] bytes = new byte[4_096];
      try {
        while (true) {
          DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
          socket.receive(packet);
          Message query = new Message(Arrays.copyOf(bytes, packet.getLength()));
          Message answer = new Message(query.getHeader().getID());
          answer.getHeader().setFlag(Flags.QR);
          answer.getHeader().setFlag(Flags.AA);
          answer.getHeader().setRcode(code);
          answer.addRecord(query.getQuestion(), Section.QUESTION);
          answer.addRecord(SOA, Section.AUTHORITY);
          byte[] text = answer.toWire();
          socket.send(new DatagramPacket(text, text.length, packet.getSocketAddress()));
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  /** A server that cannot answer has not said that there are no records. */
  @Test
  void onlyTwoCodesSayThatThereAreNoRecords() throws Exception {
    String text = "@ 300 IN NS ns2\nns2 300 IN A 127.0.0.2\n";
    try (LoopbackResolver server =
            LoopbackResolver.start(Clock.system(), Zone.of("example.org", text));
        CodeServer codes =
            new CodeServer(
                new InetSocketAddress(
                    InetAddress.ofLiteral("127.0.0.2"), server.address().getPort()))) {
      DnsSettings settings = DnsSettings.defaults().withResolvers(List.of(server.address()));
      AuthoritativeLookup lookup =
          new AuthoritativeLookup(
              settings,
              Clock.system(),
              RandomSource.secure(),
              a -> true,
              server.address().getPort());
      Domain owner = Domain.of("_25._tcp.mx.example.org");
      String ns2 = "ns2.example.org (127.0.0.2)";
      for (int code = 0; code <= 10; code++) {
        codes.code = code;
        DnsAnswer.Kind wanted =
            switch (code) {
              case Rcode.NOERROR -> DnsAnswer.Kind.NO_DATA;
              case Rcode.NXDOMAIN -> DnsAnswer.Kind.NO_NAME;
              default -> DnsAnswer.Kind.UNKNOWN;
            };
        String name = Rcode.string(code);
        assertEquals(wanted, of(lookup.tlsaRecords(owner), ns2).kind(), name);
        assertEquals(wanted, of(lookup.txt(owner), ns2).kind(), name);
        assertEquals(wanted, of(lookup.tlsaSets(owner, _ -> true), ns2).kind(), name);
        String said = Objects.requireNonNull(lookup.tlsa(owner).get(ns2));
        assertEquals(wanted != DnsAnswer.Kind.UNKNOWN, said.startsWith("no "), said);
      }
    }
  }

  /** For a rollover, what was not answered must not look like an answer. */
  @Test
  void whatCannotBeAskedIsUnknown() throws Exception {
    String text =
        """
        @ 300 IN NS ns1
        @ 300 IN NS nowhere
        ns1 300 IN A 127.0.0.1
        ns1 300 IN A 127.0.0.2
        ns1 300 IN AAAA ::2
        _25._tcp.mx 120 IN TLSA %s
        _25._tcp.alias 300 IN CNAME _25._tcp.mx
        """
            .formatted(KEY);
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("example.org", text))) {
      DnsSettings settings = DnsSettings.defaults().withResolvers(List.of(server.address()));
      AuthoritativeLookup lookup =
          new AuthoritativeLookup(
              settings,
              Clock.system(),
              RandomSource.secure(),
              a -> !a.getHostAddress().equals("127.0.0.2"),
              server.address().getPort());
      Map<String, DnsAnswer<TlsaRecord>> found =
          lookup.tlsaSets(Domain.of("_25._tcp.mx.example.org"), a -> a instanceof Inet4Address);
      assertEquals(
          Set.of("ns1.example.org (127.0.0.1)", "ns1.example.org", "nowhere.example.org"),
          found.keySet());
      assertEquals("an address is not asked", of(found, "ns1.example.org").reason());
      assertEquals("no address", of(found, "nowhere.example.org").reason());
      // The resolver of the test is not authoritative for anything.
      assertEquals("not authoritative", of(found, "ns1.example.org (127.0.0.1)").reason());
      assertTrue(
          lookup
              .tlsaSets(Domain.of("_25._tcp.mx.example.org"), _ -> true)
              .containsKey("ns1.example.org (::2)"));
    }
  }

  private static <T> DnsAnswer<T> of(Map<String, DnsAnswer<T>> answers, String server) {
    return Objects.requireNonNull(answers.get(server), server);
  }
}
