<?php

# the office's copy of the push server's helper functions, which the web pages of the office use, too

function show_message($msg,$star=False)
{
	$line="[".date("H:i:s")."] ".(($star==True)?"*** ":"").$msg;
	echo $line."\n";
	file_put_contents(OFFICE_DATA_PATH."office.log",$line."\n",FILE_APPEND);
}

function var_dump_to_str($var)
{
	ob_start();
	var_dump($var);
	$result=ob_get_contents();
	ob_end_clean();
	return $result;
}

function extract_headers($response)
{
	$pos=strpos($response,"\r\n\r\n");
	if ($pos===False)
	{
		return False;
	}
	return explode("\r\n",substr($response,0,$pos));
}

function get_header($lines,$header)
{
	for ($i=0;$i<count($lines);$i++)
	{
		$parts=explode(":",$lines[$i]);
		if (strtolower(trim($parts[0]))==strtolower($header))
		{
			array_shift($parts);
			return trim(implode(":",$parts));
		}
	}
	return False;
}

function encode_text_data_frame($payload)
{
	return encode_frame(1,$payload);
}

function encode_frame($opcode,$payload="",$status=False)
{
	if ($status!==False)
	{
		$payload=chr($status>>8).chr($status&255).$payload;
	}
	$length=strlen($payload);
	$frame=chr(128|$opcode);
	if ($length<126)
	{
		$frame.=chr($length);
	}
	elseif ($length<65536)
	{
		$frame.=chr(126).chr($length>>8).chr($length&255);
	}
	else
	{
		$frame.=chr(127).str_repeat("\0",4);
		for ($shift=24;$shift>=0;$shift-=8)
		{
			$frame.=chr(($length>>$shift)&255);
		}
	}
	return $frame.$payload;
}

# short frames only: that is all the office decodes
function decode_frame(&$data)
{
	if (strlen($data)<2)
	{
		return False;
	}
	$frame=array();
	$frame["fin"]=((ord($data[0])&128)==128);
	$frame["opcode"]=ord($data[0])&15;
	$length=ord($data[1])&127;
	$masked=((ord($data[1])&128)==128);
	$offset=2;
	$key="\0\0\0\0";
	if ($masked==True)
	{
		$key=substr($data,2,4);
		$offset=6;
	}
	if (strlen($data)<$offset+$length)
	{
		return False;
	}
	$frame["payload"]="";
	for ($i=0;$i<$length;$i++)
	{
		$frame["payload"].=chr(ord($data[$offset+$i])^ord($key[$i%4]));
	}
	$data=substr($data,$offset+$length);
	return $frame;
}

function coalesce_frames(&$buffer)
{
	$msg="";
	foreach ($buffer as $frame)
	{
		$msg.=$frame["payload"];
	}
	return $msg;
}

function load_files($path,$root="",$ext="",$trim_ext=True)
{
	$result=array();
	foreach (glob($path."*".(($ext<>"")?".".$ext:"")) as $filename)
	{
		$key=basename($filename);
		if ($trim_ext==True)
		{
			$key=pathinfo($filename,PATHINFO_FILENAME);
		}
		$result[$key]=trim(file_get_contents($filename));
	}
	return $result;
}

function template_fill($template_key,$params=False,$tracking=array(),$custom_templates=False)
{
	global $templates;
	$result=$templates[$template_key];
	foreach ($templates as $key => $template)
	{
		if (strpos($result,"@@".$key."@@")!==False)
		{
			$result=str_replace("@@".$key."@@",template_fill($key),$result);
		}
	}
	$result=str_replace("\$\$OFFICE_NAME\$\$",OFFICE_NAME,$result);
	if ($params!==False)
	{
		foreach ($params as $key => $value)
		{
			$result=str_replace("%%".$key."%%",$value,$result);
		}
	}
	return $result;
}

function unix_to_iso_timestamp($ts)
{
	return date("Y-m-d",$ts)."T".date("H:i:s",$ts)."Z";
}

function mysql_to_iso_timestamp($ts)
{
	return unix_to_iso_timestamp(strtotime($ts));
}
