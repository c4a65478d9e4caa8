<?php

# A small chat with rooms and presence, written as applications of the original push server are.
#
# A client sends JSON: {"cmd":"say","text":"…"}, {"cmd":"join","room":"…"}, {"cmd":"name","name":"…"},
# {"cmd":"tell","to":key,"text":"…"}. The web application, or a shell, writes {"to":"*","text":"…"} or
# {"to":"room name","text":"…"} to the pipe.

define("CHAT_LOBBY","lobby");

function chat_send($client_key,$event,$data)
{
  $data["event"]=$event;
  return send_text($client_key,json_encode($data));
}

function chat_send_room(&$connections,$room,$event,$data)
{
  foreach ($connections as $key => $conn)
  {
    if (isset($conn["room"])==False)
    {
      continue;
    }
    if (($room=="*") or ($conn["room"]==$room))
    {
      chat_send($key,$event,$data);
    }
  }
}

# tell everybody who is in which room
function chat_send_presence(&$connections)
{
  $rooms=array();
  foreach ($connections as $key => $conn)
  {
    if (isset($conn["room"])==True)
    {
      $rooms[$conn["room"]][]=array("key"=>$key,"name"=>$conn["name"]);
    }
  }
  ksort($rooms);
  chat_send_room($connections,"*","presence",array("rooms"=>$rooms));
}

function chat_clean($text,$max)
{
  $text=trim(preg_replace("/\\s+/u"," ",(string)$text));
  if (preg_match("/^.{1,".$max."}/us",$text,$match)==1)
  {
    return $match[0];
  }
  return "";
}

# two clients never have the same name
function chat_free_name(&$connections,$client_key,$name)
{
  $taken=array();
  foreach ($connections as $key => $conn)
  {
    if (($key<>$client_key) and (isset($conn["name"])==True))
    {
      $taken[]=$conn["name"];
    }
  }
  $result=$name;
  for ($i=2;in_array($result,$taken,True)==True;$i++)
  {
    $result=$name." ".$i;
  }
  return $result;
}

function chat_enter(&$connections,&$connection,$room)
{
  $connection["room"]=$room;
  chat_send_room($connections,$room,"notice",array("text"=>$connection["name"]." joined ".$room));
  chat_send_presence($connections);
}

function chat_leave(&$connections,&$connection)
{
  $room=$connection["room"];
  unset($connection["room"]);
  chat_send_room($connections,$room,"notice",array("text"=>$connection["name"]." left ".$room));
}

function ws_server_authenticate(&$connection,$cookies,$user_agent,$remote_address)
{
  $name="";
  foreach (explode(";",$cookies) as $cookie)
  {
    $parts=explode("=",trim($cookie),2);
    if (($parts[0]=="chat_name") and (count($parts)==2))
    {
      $name=chat_clean(rawurldecode($parts[1]),24);
    }
  }
  $connection["name"]=$name;
  return True;
}

function ws_server_open(&$connections,&$connection,$client_key)
{
  if ($connection["name"]=="")
  {
    $connection["name"]="guest ".$client_key;
  }
  $connection["name"]=chat_free_name($connections,$client_key,$connection["name"]);
  chat_send($client_key,"welcome",array("key"=>$client_key,"name"=>$connection["name"],"room"=>CHAT_LOBBY));
  chat_enter($connections,$connection,CHAT_LOBBY);
}

function ws_server_text(&$connections,&$connection,$client_key,$msg)
{
  $data=json_decode($msg,True);
  if ((is_array($data)==False) or (isset($data["cmd"])==False))
  {
    chat_send($client_key,"notice",array("text"=>"this is no command of the chat"));
    return;
  }
  switch ($data["cmd"])
  {
    case "say":
      $text=chat_clean(isset($data["text"])?$data["text"]:"",2000);
      if ($text<>"")
      {
        chat_send_room($connections,$connection["room"],"message",array("from"=>$connection["name"],"key"=>$client_key,"text"=>$text));
      }
      break;
    case "join":
      $room=chat_clean(isset($data["room"])?$data["room"]:"",24);
      if (($room<>"") and ($room<>$connection["room"]) and ($room<>"*"))
      {
        chat_leave($connections,$connection);
        chat_send($client_key,"room",array("room"=>$room));
        chat_enter($connections,$connection,$room);
      }
      break;
    case "name":
      $name=chat_clean(isset($data["name"])?$data["name"]:"",24);
      if (($name<>"") and ($name<>$connection["name"]))
      {
        $old=$connection["name"];
        $connection["name"]=chat_free_name($connections,$client_key,$name);
        chat_send($client_key,"name",array("name"=>$connection["name"]));
        chat_send_room($connections,$connection["room"],"notice",array("text"=>$old." is now ".$connection["name"]));
        chat_send_presence($connections);
      }
      break;
    case "tell":
      $text=chat_clean(isset($data["text"])?$data["text"]:"",2000);
      $to=isset($data["to"])?(int)$data["to"]:0;
      if (($text<>"") and (chat_send($to,"private",array("from"=>$connection["name"],"key"=>$client_key,"text"=>$text))==False))
      {
        chat_send($client_key,"notice",array("text"=>"nobody there"));
      }
      break;
    default:
      chat_send($client_key,"notice",array("text"=>"unknown command"));
  }
}

function ws_server_fifo(&$server,&$sockets,&$connections,&$fifo_data)
{
  $data=json_decode($fifo_data,True);
  if ((is_array($data)==False) or (isset($data["to"])==False) or (isset($data["text"])==False))
  {
    show_message("the pipe brought something that is no message: ".strlen($fifo_data)." bytes",True);
    return;
  }
  chat_send_room($connections,(string)$data["to"],"message",array("from"=>"server","key"=>0,"text"=>(string)$data["text"]));
}

function ws_server_before_close(&$connections,&$connection)
{
  if (isset($connection["room"])==True)
  {
    chat_leave($connections,$connection);
  }
}

function ws_server_after_close(&$connections)
{
  chat_send_presence($connections);
}
