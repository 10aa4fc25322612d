package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.dns.DnssecStatus;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * One zone below one anchor, with messages made by hand: what a DS set is worth, and the bounds.
 */
final class DelegationTest {
  private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
  private static final Name ORG = Name.fromConstantString("org.");
  private static final Name HOST = Name.fromConstantString("mx.org.");
  private static final int ZONE_KEY = 257;

  private record Key(DNSKEYRecord record, KeyPair pair) {
    static Key of(Name zone, int flags) {
      try {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        return new Key(
            new DNSKEYRecord(zone, DClass.IN, 3600, flags, 3, 13, pair.getPublic()), pair);
      } catch (GeneralSecurityException | DNSSEC.DNSSECException e) {
        throw new IllegalStateException(e);
      }
    }

    RRSIGRecord sign(List<? extends Record> set) {
      try {
        RRset rrset = new RRset();
        set.forEach(rrset::addRR);
        return DNSSEC.sign(
            rrset,
            record,
            pair.getPrivate(),
            NOW.minus(Duration.ofDays(1)),
            NOW.plus(Duration.ofDays(1)));
      } catch (DNSSEC.DNSSECException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static final Key ROOT = Key.of(Name.root, ZONE_KEY);
  private static final Key CHILD = Key.of(ORG, ZONE_KEY);
  private static final Key FOREIGN_KEY = Key.of(ORG, ZONE_KEY);

  private final Map<MessageSource.DnsQuery, Message> messages = new HashMap<>();
  private Instant now = NOW;

  private static Message message(int rcode, List<? extends Record> answer, Record... authority) {
    Message message = new Message();
    message.getHeader().setFlag(Flags.QR);
    message.getHeader().setRcode(rcode);
    answer.forEach(r -> message.addRecord(r, Section.ANSWER));
    Arrays.asList(authority).forEach(r -> message.addRecord(r, Section.AUTHORITY));
    return message;
  }

  private static List<Record> signed(Key key, List<? extends Record> set) {
    List<Record> all = new ArrayList<>(set);
    all.add(key.sign(set));
    return all;
  }

  private void serve(Name name, int type, Message message) {
    messages.put(new MessageSource.DnsQuery(name, type), message);
  }

  private void serve(Name name, int type, List<? extends Record> answer) {
    serve(name, type, message(Rcode.NOERROR, answer));
  }

  private ValidatedAnswer judge(Name name, int type) {
    MessageSource source =
        query -> {
          Message found = messages.get(query);
          if (found == null) {
            throw new IOException("nobody asked for " + query);
          }
          return found;
        };
    TrustAnchors anchors = TrustAnchors.of(List.of(ROOT.record().toString()));
    return new DnssecValidator(anchors, new HashMap<>(), source, now).judge(name, type);
  }

  private static ARecord address() {
    return new ARecord(HOST, DClass.IN, 3600, InetAddress.ofLiteral("192.0.2.1"));
  }

  /** A whole chain: root, org with this DS set, one host. */
  private void chain(List<DSRecord> ds, Key signer, List<DNSKEYRecord> keys) {
    serve(Name.root, Type.DNSKEY, signed(ROOT, List.of(ROOT.record())));
    serve(ORG, Type.DS, signed(ROOT, ds));
    serve(ORG, Type.DNSKEY, signed(signer, keys));
    serve(HOST, Type.A, signed(signer, List.of(address())));
  }

  private static DSRecord ds(String what) {
    String[] words = what.split(" ");
    Key key = words[0].equals("good") ? CHILD : FOREIGN_KEY;
    int algorithm = Integer.parseInt(words[1]);
    int digest = Integer.parseInt(words[2]);
    int known = digest == 1 || digest == 2 || digest == 4 ? digest : 2;
    DSRecord made = new DSRecord(ORG, DClass.IN, 3600, known, key.record());
    return new DSRecord(
        ORG, DClass.IN, 3600, made.getFootprint(), algorithm, digest, made.getDigest());
  }

  /**
   * RFC 6840 5.11: one valid path suffices. RFC 4509 3: SHA-1 does not count next to SHA-256. RFC
   * 4035 5.2: only unsupported algorithms or digests make a zone unsigned.
   */
  @ParameterizedTest
  @CsvSource({
    "good 13 2,                         SECURE",
    "good 13 4,                         SECURE",
    "good 13 1,                         SECURE",
    "good 13 2 / stale 8 2,             SECURE",
    "good 13 2 / stale 15 2,            SECURE",
    "good 13 2 / stale 13 2,            SECURE",
    "good 13 2 / stale 13 4,            SECURE",
    "good 13 4 / stale 13 2,            SECURE",
    "good 13 2 / stale 200 2,           SECURE",
    "good 13 2 / stale 13 200,          SECURE",
    "good 13 1 / stale 13 4,            SECURE",
    "good 13 1 / stale 200 2,           SECURE",
    "good 13 1 / stale 13 2,            BOGUS",
    "good 13 1 / stale 8 2,             BOGUS",
    "stale 13 2,                        BOGUS",
    "good 8 2,                          BOGUS",
    "stale 13 2 / stale 200 2,          BOGUS",
    "good 200 2,                        INSECURE",
    "good 13 200,                       INSECURE",
    "good 13 3,                         INSECURE",
    "good 3 2 / good 13 0 / good 253 2, INSECURE"
  })
  void anyValidPathIsEnough(String set, DnssecStatus expected) {
    List<DSRecord> records = new ArrayList<>();
    for (String one : set.split(" / ")) {
      records.add(ds(one));
    }
    for (List<DSRecord> order : List.of(records, records.reversed())) {
      chain(order, CHILD, List.of(CHILD.record()));
      ValidatedAnswer judged = judge(HOST, Type.A);
      assertEquals(expected, judged.security(), judged.reason());
    }
  }

  @ParameterizedTest
  @CsvSource({"257, SECURE", "256, SECURE", "1, BOGUS", "0, BOGUS", "385, BOGUS", "384, BOGUS"})
  void believesZoneKeysThatAreNotRevoked(int flags, DnssecStatus expected) {
    Key key = Key.of(ORG, flags);
    DSRecord ds = new DSRecord(ORG, DClass.IN, 3600, DNSSEC.Digest.SHA256, key.record());
    chain(List.of(ds), key, List.of(key.record()));
    assertEquals(expected, judge(HOST, Type.A).security());
  }

  @ParameterizedTest
  @CsvSource({"-86401, BOGUS", "-86400, SECURE", "0, SECURE", "86400, SECURE", "86401, BOGUS"})
  void signatureTimesAreChecked(int seconds, DnssecStatus expected) {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    now = NOW.plusSeconds(seconds);
    assertEquals(expected, judge(HOST, Type.A).security());
  }

  @Test
  void keepsNoLongerThanSetAndSignatureAllow() {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    assertEquals(Duration.ofHours(1), judge(HOST, Type.A).ttl());
    now = NOW.plus(Duration.ofDays(1)).minusSeconds(7);
    assertEquals(Duration.ofSeconds(7), judge(HOST, Type.A).ttl());
  }

  /** CVE-2023-50387: the signature that holds comes after many that do not. */
  @ParameterizedTest
  @CsvSource({"90, SECURE", "100, FAILED"})
  void verifiesAHundredSignaturesAndNoMore(int wrong, DnssecStatus expected) {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    List<Record> answer = new ArrayList<>(List.of(address()));
    RRSIGRecord good = CHILD.sign(List.of(address()));
    for (int i = 0; i < wrong; i++) {
      byte[] signature = good.getSignature().clone();
      signature[i % 64] ^= (byte) (1 + i / 64);
      answer.add(
          new RRSIGRecord(
              HOST,
              DClass.IN,
              3600,
              Type.A,
              13,
              3600,
              good.getExpire(),
              good.getTimeSigned(),
              good.getFootprint(),
              ORG,
              signature));
    }
    answer.add(good);
    serve(HOST, Type.A, answer);
    ValidatedAnswer judged = judge(HOST, Type.A);
    assertEquals(expected, judged.security(), judged.reason());
  }

  @ParameterizedTest
  @CsvSource({"250, SECURE", "251, FAILED"})
  void takesTwoHundredAndFiftyRecordsInASetAndNoMore(int records, DnssecStatus expected) {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    List<ARecord> set = new ArrayList<>();
    for (int i = 0; i < records - 1; i++) {
      set.add(new ARecord(HOST, DClass.IN, 3600, InetAddress.ofLiteral("192.0.2." + i)));
    }
    // With its signature.
    serve(HOST, Type.A, signed(CHILD, set));
    assertEquals(expected, judge(HOST, Type.A).security());
  }

  private static Record nsec3(Name zone, byte[] hash, byte[] next, int iterations, int... types) {
    String label =
        new org.xbill.DNS.utils.base32(org.xbill.DNS.utils.base32.Alphabet.BASE32HEX, false, true)
            .toString(hash);
    return new NSEC3Record(
        Name.fromConstantString(label + "." + (zone.equals(Name.root) ? "" : zone)),
        DClass.IN,
        300,
        NSEC3Record.SHA1_DIGEST_ID,
        0,
        iterations,
        new byte[0],
        next,
        types);
  }

  /** The NSEC3 record of a name that has an address and is not a delegation. */
  private static Record matching(Name name, int iterations) throws Exception {
    NSEC3Record base = (NSEC3Record) nsec3(ORG, new byte[20], new byte[20], iterations, Type.A);
    byte[] hash = base.hashName(name);
    byte[] next = hash.clone();
    next[19]++;
    return nsec3(ORG, hash, next, iterations, Type.A, Type.RRSIG);
  }

  /** RFC 9276 3.2: the same for NXDOMAIN, NODATA and empty non-terminals. */
  @ParameterizedTest
  @CsvSource({
    "150, 3, BOGUS", "151, 3, INSECURE", "65535, 3, INSECURE",
    "150, 0, BOGUS", "151, 0, INSECURE", "65535, 0, INSECURE"
  })
  void treatsTooManyIterationsAsInsecureInEveryDenial(int most, int rcode, DnssecStatus expected)
      throws Exception {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    Record other =
        nsec3(
            ORG,
            new byte[20],
            new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
            most,
            Type.A);
    serve(HOST, Type.A, message(rcode, List.of(), other, CHILD.sign(List.of(other))));
    Record there = matching(HOST, most);
    serve(HOST, Type.DS, message(0, List.of(), there, CHILD.sign(List.of(there))));
    assertEquals(expected, judge(HOST, Type.A).security());
    // Not by a record that the zone did not sign.
    Record forged = nsec3(ORG, new byte[20], new byte[20], most, Type.A);
    serve(HOST, Type.A, message(rcode, List.of(), forged, CHILD.sign(List.of(other))));
    serve(HOST, Type.DS, message(rcode, List.of(), forged, FOREIGN_KEY.sign(List.of(forged))));
    assertEquals(DnssecStatus.BOGUS, judge(HOST, Type.A).security());
  }

  /** Unsigned data in a zone of many iterations is still no data of that zone. */
  @Test
  void doesNotTakeUnsignedDataForInsecureBecauseOfIterations() throws Exception {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    Record there = matching(HOST, 500);
    serve(HOST, Type.A, List.of(address()));
    serve(HOST, Type.DS, message(Rcode.NOERROR, List.of(), there, CHILD.sign(List.of(there))));
    assertEquals(DnssecStatus.BOGUS, judge(HOST, Type.A).security());
  }

  /** The parent's iterations do not matter for a child that has a DS. */
  @Test
  void aParentsIterationsDoNotMakeASignedChildInsecure() throws Exception {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    byte[] hash = new byte[20];
    Record other = nsec3(Name.root, hash, new byte[20], 500, Type.A);
    for (int rcode : new int[] {Rcode.NOERROR, Rcode.NXDOMAIN}) {
      serve(HOST, Type.MX, message(rcode, List.of(), other, ROOT.sign(List.of(other))));
      serve(HOST, Type.DS, message(rcode, List.of(), other, ROOT.sign(List.of(other))));
      assertEquals(DnssecStatus.BOGUS, judge(HOST, Type.MX).security());
    }
  }

  /** RFC 4035 5.4, RFC 6840 4.1: a parent's NSEC denies nothing but DS, and nothing below. */
  @Test
  void aParentsNsecDeniesNothingInTheChild() {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    Record cut =
        new NSECRecord(ORG, DClass.IN, 300, Name.root, new int[] {Type.NS, Type.RRSIG, Type.NSEC});
    Message denial = message(Rcode.NOERROR, List.of(), cut, ROOT.sign(List.of(cut)));
    Message noName = message(Rcode.NXDOMAIN, List.of(), cut, ROOT.sign(List.of(cut)));
    serve(ORG, Type.MX, denial);
    serve(HOST, Type.MX, noName);
    // No DS below: whatever these are, the zone has a DS and the walk stops at org.
    serve(HOST, Type.DS, noName);
    assertEquals(DnssecStatus.BOGUS, judge(ORG, Type.MX).security());
    assertEquals(DnssecStatus.BOGUS, judge(HOST, Type.MX).security());
    serve(ORG, Type.DS, denial);
    assertEquals(DnssecStatus.INSECURE, judge(HOST, Type.MX).security());
    ValidatedAnswer none = judge(ORG, Type.DS);
    assertEquals(DnssecStatus.SECURE, none.security(), none.reason());
    assertTrue(none.content() instanceof ValidatedAnswer.AnswerContent.NoData);
  }

  /** A key that stands in the message, but not in the signed set: of another class, elsewhere. */
  @Test
  void takesKeysOfTheSignedSetOnly() throws Exception {
    for (int section : new int[] {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL}) {
      for (int dclass : new int[] {DClass.CH, DClass.HS, DClass.ANY, DClass.IN}) {
        chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
        DNSKEYRecord foreign =
            new DNSKEYRecord(ORG, dclass, 3600, ZONE_KEY, 3, 13, FOREIGN_KEY.pair().getPublic());
        Message keys = message(Rcode.NOERROR, signed(CHILD, List.of(CHILD.record())));
        keys.addRecord(foreign, section);
        serve(ORG, Type.DNSKEY, keys);
        serve(HOST, Type.A, signed(FOREIGN_KEY, List.of(address())));
        serve(HOST, Type.DS, message(Rcode.NOERROR, List.of()));
        assertEquals(DnssecStatus.BOGUS, judge(HOST, Type.A).security(), section + " " + dclass);
      }
    }
  }

  @Test
  void whatDoesNotComeIsFailedAndNeverInsecure() {
    chain(List.of(ds("good 13 2")), CHILD, List.of(CHILD.record()));
    serve(HOST, Type.A, List.of(address()));
    for (MessageSource.DnsQuery query : List.copyOf(messages.keySet())) {
      Message gone = messages.remove(query);
      assertEquals(DnssecStatus.FAILED, judge(HOST, Type.A).security(), query.toString());
      messages.put(query, gone);
    }
  }
}
