package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.junit.jupiter.api.Test;
import org.sealwax.mail.dns.DnssecStatus;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** RFC 2308 2.2: a referral is not a denial. */
final class ReferralTest {
  private static final Name NAME = Name.fromConstantString("lame.example.");
  private static final Name PARENT = Name.fromConstantString("example.");
  private static final Name SERVER = Name.fromConstantString("ns.lame.example.");

  private static Message reply(Record... authority) {
    Message message = Message.newQuery(Record.newRecord(NAME, Type.MX, DClass.IN));
    for (Record record : authority) {
      message.addRecord(record, Section.AUTHORITY);
    }
    return message;
  }

  private static Record ns(Name zone) {
    return new NSRecord(zone, DClass.IN, 300, SERVER);
  }

  private static Record soa(Name zone) {
    return new SOARecord(zone, DClass.IN, 300, SERVER, SERVER, 1, 1, 1, 1, 60);
  }

  @Test
  void serversWithoutAStartOfAuthorityAreNoDenial() {
    ValidatedAnswer judged = DnssecValidator.plain(NAME, Type.MX, reply(ns(NAME)), "unsigned");
    assertInstanceOf(ValidatedAnswer.AnswerContent.Unknown.class, judged.content());
    assertEquals(DnssecStatus.FAILED, judged.security());
  }

  @Test
  void theAdBitMakesNothingOfIt() {
    ValidatedAnswer judged =
        DnssecValidator.plain(NAME, Type.MX, reply(ns(NAME)), "unsigned").secured();
    assertEquals(DnssecStatus.FAILED, judged.security());
    ValidatedAnswer denial =
        DnssecValidator.plain(NAME, Type.MX, reply(soa(NAME)), "unsigned").secured();
    assertEquals(DnssecStatus.SECURE, denial.security());
  }

  @Test
  void theFormsOfADenialStillAre() {
    for (Message denial : new Message[] {reply(soa(NAME), ns(NAME)), reply(soa(PARENT)), reply()}) {
      assertInstanceOf(
          ValidatedAnswer.AnswerContent.NoData.class,
          DnssecValidator.plain(NAME, Type.MX, denial, "unsigned").content());
    }
  }
}
